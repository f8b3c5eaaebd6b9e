"""`streamlab rm`: delete recordings."""

from typing import Annotated

import typer

from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["rm"]


def rm(
    which: WhichListArgument,
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """Delete recordings from the library, all of a name if several have it."""
    from streamlab.cli._console import narrate
    from streamlab.store import Library

    with Library(db) as library:
        ids = library.resolve(which)
        narrate("to delete: ", (", ".join(ids), "cyan"))
        if yes or typer.confirm("Delete them for good?", err=True):
            library.remove(ids)
            narrate(f"deleted {len(ids)}")
