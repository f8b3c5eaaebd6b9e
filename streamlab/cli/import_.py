"""`streamlab import`: cassettes and foreign files into the library."""

from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli._options import DbOption

__all__ = ["import_"]


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Cassettes, HAR files, VCR.py cassettes, output of curl, bodies, manifests.",
            metavar="FILE...",
        ),
    ],
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    every: Annotated[
        bool, typer.Option("--all", help="Responses that are no streams, too (HAR, VCR.py).")
    ] = False,
    url: Annotated[
        str, typer.Option("--url", help="Where a body came from that does not say so.")
    ] = "",
    method: Annotated[
        str, typer.Option("-X", "--request", help="How it was asked for, with --url.")
    ] = "POST",
) -> None:
    """Add the recordings of files to the library: of all files, or none if one is broken.

    What a file is, is told by what it holds. Recordings without times are tagged `untimed`.
    """
    from streamlab.cli._console import narrate
    from streamlab.cli._import import read_any
    from streamlab.recording import Request
    from streamlab.report import one_line
    from streamlab.store import Library

    request = Request(method=method.upper(), url=url) if url else None
    read = [(file, read_any(file, request=request, every=every)) for file in files]
    with Library(db, create=True) as library:
        ids = library.add([each for _, imported in read for each in imported.recordings])
    for file, imported in read:
        narrate(one_line(f"{file} is {imported.taken_for}", 200))
        for recording in imported.recordings:
            asked = one_line(f"{recording.request.method} {recording.request.url}", 120)
            narrate("imported ", (ids.pop(0), "cyan"), f" {asked}")
