"""`streamlab export`: recordings as a cassette, or as a file of another tool."""

from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli._export import Format
from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["export"]


def export(
    which: WhichListArgument = ["latest"],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Of what kind; if not given, by the output's name, else a cassette."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The file to write (Parquet: folder); stdout if not given."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All recordings of the library.")] = False,
    endpoint: Annotated[
        str,
        typer.Option(
            "--endpoint", help="Send them to this collector of OpenTelemetry.", metavar="URL"
        ),
    ] = "",
) -> None:
    """Write recordings to a cassette, a text file to keep in git, or for other tools.

    docs/export.md says what each format keeps.
    """
    from streamlab.cli._export import format_of, write
    from streamlab.cli._select import select_all, select_each
    from streamlab.errors import InputError

    recordings = select_all(db) if every else select_each(which, db)
    if endpoint:
        if form not in {None, "otlp"} or output is not None:
            hint = "leave out -o and --format"
            raise InputError("--endpoint sends OTLP, and writes no file", hint)
        from streamlab.interop.send_otlp import send_otlp

        count, goal = send_otlp(recordings, endpoint), endpoint
    else:
        count = write(recordings, format_of(form, output), output)
        goal = str(output) if output else ""
    if goal:
        from streamlab.cli._console import narrate

        narrate(f"{'sent' if endpoint else 'wrote'} {count} to {goal}")
