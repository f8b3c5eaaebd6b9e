"""The lines of a body as clients cut them, each with its place.

UTF-8 has no byte that means a line end and is part of another character, so lines are cut as bytes
and decoded one by one, also where a client decodes first.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from streamlab.client_model.body import Body
from streamlab.client_model.model import DiedError, Reason
from streamlab.sse import Event, decode

__all__ = [
    "LF",
    "PYTHON",
    "SSE",
    "Line",
    "bare_cr_reasons",
    "bom_reason",
    "line_by_line_reasons",
    "lines_of",
    "passed_over",
    "received",
    "text_of",
]

LF: Final = re.compile(rb"\n")
SSE: Final = re.compile(rb"\r\n|\r|\n")
"""As the standard has it; bytes.splitlines has the same."""

PYTHON: Final = re.compile(
    rb"\r\n|\r|\n|\x0b|\x0c|\x1c|\x1d|\x1e|\xc2\x85|\xe2\x80\xa8|\xe2\x80\xa9"
)
"""str.splitlines: https://docs.python.org/3/library/stdtypes.html#str.splitlines"""

_BOM_CLIENT: Final = "it keeps the byte order mark, so the first field has another name"


class Line(NamedTuple):
    """A line without its end; `stop` is the offset after that. The last one may lack an end."""

    data: bytes
    start: int
    stop: int
    is_ended: bool


def lines_of(data: bytes, ends: re.Pattern[bytes], offset: int = 0) -> Iterator[Line]:
    """The lines of `data`, which starts at `offset`; what follows the last end is one if it is not
    empty."""
    start = 0
    for match in ends.finditer(data):
        yield Line(data[start : match.start()], offset + start, offset + match.end(), True)
        start = match.end()
    if start < len(data):
        yield Line(data[start:], offset + start, offset + len(data), False)


def received(body: Body, lines: Iterator[Line]) -> Iterator[Line]:
    """Where the transport raises, the line that it breaks never comes out."""
    return (line for line in lines if line.is_ended or body.broken is None)


def text_of(data: bytes, line: Line) -> str:
    """Bytes of the line as UTF-8, as bytes.decode() has it: DiedError if it is none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DiedError(
            "UnicodeDecodeError", f"a line is not UTF-8: {error.reason}", line.start, line.stop
        ) from None


def bom_reason(data: bytes) -> Iterator[Reason]:
    """Of clients that do not drop a byte order mark."""
    if data.startswith(codecs.BOM_UTF8):
        first = next(lines_of(data, SSE))
        yield Reason(_BOM_CLIENT, 0, first.stop)


def bare_cr_reasons(data: bytes) -> Iterator[Reason]:
    """Of clients to which only LF ends a line."""
    if b"\r" not in data:
        return
    for line in lines_of(data, LF):
        if b"\r" in line.data.removesuffix(b"\r"):
            yield Reason("only LF ends a line for it, CR does not", line.start, line.stop)


def line_by_line_reasons(data: bytes) -> Iterator[Reason]:
    """Of clients that hand on each data line by itself."""
    for item in decode(data):
        if isinstance(item, Event) and "\n" in item.data:
            yield Reason("each data line is an event of its own to it", item.start, item.stop)


def passed_over(line: Line) -> Iterator[Reason]:
    """Of a data line that a client does not take for one."""
    if line.data.rstrip(b"\r") == b"data":
        yield Reason("it wants a colon after `data`", line.start, line.stop)
    elif line.data.startswith(b"data:"):
        yield Reason("it wants a space after `data:`", line.start, line.stop)
