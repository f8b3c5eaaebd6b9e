"""`streamlab demo`: the whole job without a key."""

import typer

__all__ = ["demo"]


def demo() -> None:
    """Show the whole job without a key: record a stream, list it, replay it, compare the two."""
    raise typer.Exit(2)
