"""Loops over lines that look for `data:`, on four libraries for Python.

A loop hands on each data line by itself, also where two are one event, and also the last one
where no empty line ended it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from streamlab.client_model import transport
from streamlab.client_model.body import Body
from streamlab.client_model.lines import (
    LF,
    PYTHON,
    SSE,
    Line,
    bare_cr_reasons,
    bom_reason,
    line_by_line_reasons,
    lines_of,
    passed_over,
    received,
    text_of,
)
from streamlab.client_model.model import (
    ClientModel,
    DiedError,
    Found,
    Piece,
    Reason,
    Seen,
    python_json,
    run,
)
from streamlab.client_model.slices import slices_of

__all__ = ["AIOHTTP_LINES", "HTTPX_LINES", "LINE_READER", "REQUESTS_LINES", "URLLIB_LINES"]

_AIOHTTP_MAX_LINE_BYTES: Final = 512 * 1024

DataOf = Callable[[Line], str | None]
"""The data in a line, None if the loop passes it over."""


def _loop(body: Body, lines: Iterator[Line], data_of: DataOf) -> Iterator[Piece | Reason]:
    yield from line_by_line_reasons(body.data)
    for line in lines:
        data = data_of(line)
        if data is not None:
            if data != _rest(line):
                yield Reason("it takes white space from the data's ends", line.start, line.stop)
            yield Piece(data, line.start, line.stop)
        else:
            yield from passed_over(line)


def _rest(line: Line) -> str:
    """The value of a data line as the standard has it."""
    return line.data[5:].decode("utf-8", "replace").rstrip("\r").removeprefix(" ")


def _reader(found: Callable[[Body], Found], under: transport.Transport) -> Callable[[Body], Seen]:
    return lambda body: run(body, found(body), under, json_rule=python_json)


# httpx -------------------------------------------------------------------------------------------


def _httpx(body: Body) -> Found:
    yield from bom_reason(body.data)
    yield from _python_ends(body.data)
    yield from _loop(body, received(body, lines_of(body.data, PYTHON)), _httpx_data)


def _httpx_data(line: Line) -> str | None:
    text = line.data.decode("utf-8", "replace")
    return text[5:].strip() if text.startswith("data:") else None


def _python_ends(data: bytes) -> Iterator[Reason]:
    """Lines that have an end in them which is none in an event stream."""
    for line in lines_of(data, SSE):
        match = PYTHON.search(line.data)
        if match is not None:
            character = ord(match.group().decode())
            yield Reason(f"a line ends at U+{character:04X} for it", line.start, line.stop)


HTTPX_LINES: Final = ClientModel(
    name="httpx-lines",
    title="httpx, `iter_lines()` and `line[5:].strip()`",
    versions="httpx 0.28",
    source="httpx/_decoders.py (LineDecoder, TextDecoder); examples/clients/httpx_lines.py",
    read=_reader(_httpx, transport.HTTPX),
)
"""It ends lines as str.splitlines does, and puts replacement characters for what is not UTF-8. A
charset in the Content-Type, which httpx obeys, is not modelled."""


# requests ----------------------------------------------------------------------------------------


def _requests(body: Body) -> Found:
    data = b"".join(slices_of(body, 512))
    yield from bom_reason(data)
    yield from _loop(body, received(body, lines_of(data, SSE)), _spaced_data)


def _spaced_data(line: Line) -> str | None:
    text = text_of(line.data, line)
    return text[6:] if text.startswith("data: ") else None


REQUESTS_LINES: Final = ClientModel(
    name="requests-lines",
    title='requests, `iter_lines()` and `startswith("data: ")`',
    versions="requests 2.34, urllib3 2.8",
    source="requests/models.py (iter_lines), urllib3/response.py (stream)",
    read=_reader(_requests, transport.REQUESTS),
)
"""Where a body that is not chunked breaks off, what is left of 512 bytes is lost with it. The
empty lines that iter_lines makes of a CRLF that a read cuts change nothing for this loop."""


# aiohttp -----------------------------------------------------------------------------------------


def _aiohttp(body: Body) -> Found:
    yield from bom_reason(body.data)
    yield from bare_cr_reasons(body.data)
    lines = _aiohttp_lines(lines_of(body.data, LF))
    yield from _loop(body, received(body, lines), _bytes_data)


def _aiohttp_lines(lines: Iterator[Line]) -> Iterator[Line]:
    for line in lines:
        if line.stop - line.start > _AIOHTTP_MAX_LINE_BYTES:
            why = "a line is longer than 512 KiB"
            raise DiedError("LineTooLong", why, line.start, line.stop)
        yield line


def _bytes_data(line: Line) -> str | None:
    if not line.data.startswith(b"data:"):
        return None
    return text_of(line.data[5:], line).rstrip("\r\n").removeprefix(" ")


AIOHTTP_LINES: Final = ClientModel(
    name="aiohttp-lines",
    title="aiohttp, `async for line in response.content`",
    versions="aiohttp 3.14",
    source="aiohttp/streams.py (readuntil); examples/clients/aiohttp_lines.py",
    read=_reader(_aiohttp, transport.AIOHTTP),
)
"""Where the transport breaks before the program has read what came, that is lost, too: a race that
is not modelled."""


# urllib ------------------------------------------------------------------------------------------


def _urllib(body: Body) -> Found:
    yield from _encoded_reason(body)
    data = _undecoded(body)
    yield from bom_reason(data)
    yield from bare_cr_reasons(data)
    yield from _loop(body, _urllib_lines(body, data), _bytes_data)


def _undecoded(body: Body) -> bytes:
    return body.data if body.encoded is None else b"".join(body.encoded)


def _encoded_reason(body: Body) -> Iterator[Reason]:
    if body.encoded is not None:
        yield Reason("it does not undo the content coding", 0, len(body.data))


def _urllib_lines(body: Body, data: bytes) -> Iterator[Line]:
    """Also the one that a break leaves, where http.client takes the break for an end."""
    lines = lines_of(data, LF)
    return lines if transport.URLLIB.error(body.broken) is None else received(body, lines)


URLLIB_LINES: Final = ClientModel(
    name="urllib-lines",
    title="urllib, `for line in response` and `line[5:]`",
    versions="CPython 3.11",
    source="http/client.py (HTTPResponse); examples/clients/urllib_lines.py",
    read=_reader(_urllib, transport.URLLIB),
)
"""The places of an encoded body are those in the encoded bytes."""


def _line_reader(body: Body) -> Found:
    yield from _encoded_reason(body)
    data = _undecoded(body)
    yield from bom_reason(data)
    yield from bare_cr_reasons(data)
    yield from _loop(body, _urllib_lines(body, data), _stripped_data)


def _stripped_data(line: Line) -> str | None:
    text = text_of(line.data, line).strip()
    return text[6:] if text.startswith("data: ") else None


LINE_READER: Final = ClientModel(
    name="line-reader",
    title='any `for line in …`, `line.strip()` and `startswith("data: ")`',
    versions="the loop itself, on urllib",
    source="the loop as many a documentation prints it",
    read=_reader(_line_reader, transport.URLLIB),
)
