"""`streamlab export`: recordings as a cassette."""

from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["export"]


def export(
    which: WhichListArgument = ["latest"],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file to write; stdout if not given.")
    ] = None,
) -> None:
    """Write recordings to a cassette: a text file to keep in git."""
    from streamlab.cassette import dumps, write_cassette
    from streamlab.cli._console import narrate, print_text
    from streamlab.cli._select import select

    recordings = select(which, db)
    if output is None:
        print_text(dumps(recordings))
    else:
        write_cassette(output, recordings)
        narrate(f"wrote {len(recordings)} to {output}")
