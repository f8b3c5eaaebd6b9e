"""fetch and a reader: the loop that loses nothing where reads end, and the one that does.

TextDecoder drops a byte order mark and puts replacement characters for what is not UTF-8
(https://encoding.spec.whatwg.org/#interface-textdecoder).
"""

import codecs
from collections.abc import Iterator
from typing import Final

from streamlab.client_model import transport
from streamlab.client_model.body import Body
from streamlab.client_model.lines import (
    LF,
    Line,
    bare_cr_reasons,
    line_by_line_reasons,
    lines_of,
    passed_over,
)
from streamlab.client_model.model import ClientModel, Found, Piece, Reason, Seen, node_json, run

__all__ = ["FETCH", "FETCH_NAIVE"]


def _fetch(body: Body) -> Found:
    yield from bare_cr_reasons(body.data)
    yield from line_by_line_reasons(body.data)
    for line in _decoded_lines(body.data, 0):
        if not line.is_ended:
            yield Reason("a line whose end never came is dropped", line.start, line.stop)
            return
        if line.data.startswith(b"data:"):
            text = line.data[5:].decode("utf-8", "replace")
            yield Piece(text.removesuffix("\r").removeprefix(" "), line.start, line.stop)
        else:
            yield from passed_over(line)


def _decoded_lines(data: bytes, offset: int) -> Iterator[Line]:
    """The lines of what a TextDecoder makes of `data`, which starts at `offset`."""
    bom_bytes = len(data) - len(data.removeprefix(codecs.BOM_UTF8))
    return lines_of(data[bom_bytes:], LF, offset + bom_bytes)


def _read_fetch(body: Body) -> Seen:
    return run(body, _fetch(body), transport.NODE, json_rule=node_json)


FETCH: Final = ClientModel(
    name="fetch",
    title="fetch, what is left of a line waits for the next read",
    versions="Node 24, Chromium 156",
    source="examples/clients/fetch_whole.mjs; WHATWG Fetch and Encoding",
    read=_read_fetch,
)
"""Where the transport breaks, what a stream has not handed on yet is lost: a race that is not
modelled."""


def _fetch_naive(body: Body) -> Found:
    yield from bare_cr_reasons(body.data)
    yield from line_by_line_reasons(body.data)
    offset = 0
    for read in body.reads:
        for line in _decoded_lines(read, offset):
            yield from _naive_line(body, line)
        offset += len(read)


def _naive_line(body: Body, line: Line) -> Iterator[Piece | Reason]:
    if not line.is_ended:
        yield Reason(
            "a read ends inside this line: each part is a line to it", line.start, line.stop
        )
    text = line.data.decode("utf-8", "replace")
    if not text.startswith("data: "):
        yield from passed_over(line)
        return
    data = text[6:]
    if body.is_json and data != "[DONE]" and node_json(data) is not None:
        yield Reason("a line is no JSON by itself, and it skips that", line.start, line.stop)
        return
    if data.endswith("\r"):
        yield Reason("the CR of a CRLF stays in the data", line.start, line.stop)
    yield Piece(data, line.start, line.stop)


def _read_fetch_naive(body: Body) -> Seen:
    return run(body, _fetch_naive(body), transport.NODE)


FETCH_NAIVE: Final = ClientModel(
    name="fetch-naive",
    title="fetch, each read decoded and split by itself",
    versions="Node 24",
    source="examples/clients/fetch_naive.mjs",
    read=_read_fetch_naive,
)
"""Its reads are those recorded. Chromium cuts a response of some KiB that comes at once where it
likes, so what it loses is more."""
