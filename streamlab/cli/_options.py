"""Options and arguments that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DbOption",
    "JsonOption",
    "TlsCertOption",
    "TlsKeyOption",
    "WhichArgument",
    "WhichListArgument",
]

DbOption = Annotated[
    Path,
    typer.Option("--db", envvar="STREAMLAB_DB", help="The library file.", metavar="FILE"),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with times in integer ns.")]

TlsCertOption = Annotated[
    Path | None,
    typer.Option("--tls-cert", help="Listen with TLS: the certificate, PEM.", metavar="FILE"),
]
TlsKeyOption = Annotated[
    Path | None, typer.Option("--tls-key", help="The key of --tls-cert, PEM.", metavar="FILE")
]

_WHICH = "Id, beginning of an id, name, `latest`, or the file of a cassette."

WhichArgument = Annotated[str, typer.Argument(help=_WHICH, metavar="WHICH")]
WhichListArgument = Annotated[list[str], typer.Argument(help=_WHICH, metavar="WHICH...")]
