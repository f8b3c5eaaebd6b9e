"""Where a verb writes: data to stdout, narration to stderr."""

import os
import sys
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from streamlab.json_text import json_text

__all__ = ["narrate", "print_json", "print_text", "show", "warn"]

# Wide enough that nothing is cut when the output goes into a file or a pipe, unless COLUMNS says
# how wide it is to be.
_PIPE_COLUMNS = 250


def show(renderable: RenderableType) -> None:
    """Print a table or a text as data; in a file or pipe without the padding of a table's lines."""
    if sys.stdout.isatty():
        Console(highlight=False).print(renderable)
        return
    said = os.environ.get("COLUMNS", "")
    columns = int(said) if said.isdecimal() and int(said) > 0 else _PIPE_COLUMNS
    console = Console(width=columns, highlight=False)
    with console.capture() as capture:
        console.print(renderable)
    lines = capture.get().splitlines()
    sys.stdout.write("".join(line.rstrip() + "\n" for line in lines))


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print a JSON value as data."""
    sys.stdout.write(json_text(value, indent=2) + "\n")


def print_text(text: str) -> None:
    """Print text as data at once, without a line end."""
    sys.stdout.write(text)
    sys.stdout.flush()


def narrate(*parts: str | tuple[str, str] | Text) -> None:
    """Tell what happens: pieces of text, or (text, style)."""
    sys.stdout.flush()  # so that both come in order where they go to one place
    if not (sys.stderr.isatty() or os.environ.get("FORCE_COLOR")):
        # A server tells each answer: by rich that takes longer than the answer.
        sys.stderr.write("".join(map(_plain, parts)) + "\n")
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text.assemble(*parts))


def _plain(part: str | tuple[str, str] | Text) -> str:
    if isinstance(part, Text):
        return part.plain
    return part if isinstance(part, str) else part[0]


def warn(message: str, hint: str = "") -> None:
    """`error: …` and `hint: …`."""
    narrate(("error: ", "bold red"), message)
    if hint:
        narrate(("hint: ", "bold"), hint)
