"""`streamlab import`: recordings of cassettes into the library."""

from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli._options import DbOption

__all__ = ["import_"]


def import_(
    files: Annotated[list[Path], typer.Argument(help="Cassettes.", metavar="FILE...")],
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
) -> None:
    """Add the recordings of cassettes to the library: of all files, or none if one is broken."""
    from streamlab.cassette import read_cassette
    from streamlab.cli._console import narrate
    from streamlab.store import Library

    recordings = [recording for file in files for recording in read_cassette(file)]
    with Library(db, create=True) as library:
        for recording_id in library.add(recordings):
            narrate("imported ", (recording_id, "cyan"))
