"""Options and arguments that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DbOption",
    "JsonOption",
    "RedactHeaderOption",
    "RedactJsonPathOption",
    "RedactRegexOption",
    "WhichArgument",
    "WhichListArgument",
]

DbOption = Annotated[
    Path,
    typer.Option("--db", envvar="STREAMLAB_DB", help="The library file.", metavar="FILE"),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with times in integer ns.")]

_WHICH = "Id, beginning of an id, name, `latest`, or the file of a cassette."

WhichArgument = Annotated[str, typer.Argument(help=_WHICH, metavar="WHICH")]
WhichListArgument = Annotated[list[str], typer.Argument(help=_WHICH, metavar="WHICH...")]

RedactHeaderOption = Annotated[
    list[str] | None,
    typer.Option("--redact-header", help="Redact this header; may be repeated.", metavar="NAME"),
]
RedactJsonPathOption = Annotated[
    list[str] | None,
    typer.Option(
        "--redact-json-path",
        help="Redact these values in JSON, such as $..user; may be repeated.",
        metavar="PATH",
    ),
]
RedactRegexOption = Annotated[
    list[str] | None,
    typer.Option(
        "--redact-regex", help="Redact what matches in bodies; may be repeated.", metavar="PATTERN"
    ),
]
