"""sseclient-py on requests."""

from collections.abc import Iterable, Iterator
from typing import Final

from streamlab.client_model import transport
from streamlab.client_model.body import Body
from streamlab.client_model.lines import SSE, bom_reason, lines_of, text_of
from streamlab.client_model.model import ClientModel, Piece, Reason, Seen, python_json, run
from streamlab.client_model.slices import slices_of

__all__ = ["SSECLIENT_PY"]

_BLOCK_ENDS: Final = (b"\r\r", b"\n\n", b"\r\n\r\n")
_MIXED: Final = "an empty line whose end differs from the one before it ends no event for it"


def _blocks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """As SSEClient._read, and whether the block came to its end: a CRLF that two pieces share is
    taken for two ends of lines."""
    block = bytearray()
    for piece in pieces:
        for line in piece.splitlines(keepends=True):
            block += line
            if block.endswith(_BLOCK_ENDS):
                yield bytes(block), True
                block.clear()
    if block:
        yield bytes(block), False


def _found(body: Body) -> Iterator[Piece | Reason]:
    yield from bom_reason(body.data)
    start = 0
    for block, is_ended in _blocks(slices_of(body, 128)):
        stop = start + len(block)
        if is_ended or body.broken is None:
            yield from _event(block, start, stop)
        start = stop


def _event(block: bytes, start: int, stop: int) -> Iterator[Piece | Reason]:
    """As SSEClient.events. Lines of spaces are empty to it, and end no event."""
    data: list[str] = []
    first = stop
    for line in lines_of(block, SSE, start):
        field, _, value = text_of(line.data, line).partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
            first = min(first, line.start)
        if not line.data and line.stop < stop:
            yield Reason(_MIXED, line.start, line.stop)
    if data:
        yield Piece("\n".join(data), first, stop)


def _read(body: Body) -> Seen:
    return run(body, _found(body), transport.REQUESTS, json_rule=python_json)


SSECLIENT_PY: Final = ClientModel(
    name="sseclient-py",
    title="sseclient-py on requests, `events()`",
    versions="sseclient-py 1.9, requests 2.34, urllib3 2.8",
    source="`sseclient/__init__.py`; examples/clients/requests_sseclient.py",
    read=_read,
)
"""requests gives it an HTTP chunk in pieces of at most 128 bytes. Where a body that is not chunked
breaks off, what is left of 128 bytes is lost with it."""
