"""`streamlab demo`: the whole job without a key."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    db: Annotated[
        Path | None,
        typer.Option("--db", help="Keep the recordings in this library.", metavar="FILE"),
    ] = None,
) -> None:
    """Show the whole job without a key: record a stream, list it, replay it, compare the two."""
    from tempfile import TemporaryDirectory

    from streamlab.cli._demo import run_demo

    if db is not None:
        run_demo(db)
        return
    with TemporaryDirectory(prefix="streamlab-demo-") as folder:
        run_demo(Path(folder) / "demo.db")
