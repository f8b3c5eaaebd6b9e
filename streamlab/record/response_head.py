"""The head of an upstream's response: bytes in, what it says out, or why it is not HTTP."""

import re
from dataclasses import dataclass
from typing import Final

import h11

from streamlab._http1 import BodyReader, body_reader, head_fault, header_pairs
from streamlab.recording import Header, header_value

__all__ = ["HeadReader", "ResponseHead"]

_BEGINNING: Final = b"HTTP/1."
# Where h11 sees the end of a head: it takes a bare LF for a line end, as RFC 9112, 2.2 allows.
_END: Final = re.compile(rb"\n\r?\n")
_MAX_BYTES: Final = 256 * 1024
_MAX_FIELDS: Final = 1000
_MAX_INFORMATIONAL: Final = 100
# What is quoted of a head that is not HTTP is for people.
_QUOTED: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """A head, how the body after it is framed, and the bytes of that body that came with it."""

    status: int
    headers: tuple[Header, ...]
    body: BodyReader
    rest: bytes


class HeadReader:
    """Reads up to the end of the head; informational responses (100 Continue) are skipped."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._received = bytearray()
        self._informational = 0

    @property
    def has_begun(self) -> bool:
        """Whether bytes of a head are there that is not whole."""
        return bool(self._received)

    def feed(self, data: bytes) -> ResponseHead | None:
        """The head, if it is whole now. ValueError if the bytes are not HTTP, or without bounds."""
        seen = max(0, len(self._received) - 2)  # its end may lie across two reads
        self._received += data
        while (end := _END.search(self._received, seen)) and end.end() <= _MAX_BYTES:
            head = bytes(self._received[: end.end()])
            del self._received[: end.end()]
            try:
                response = _parse(head, self._method)
            except h11.RemoteProtocolError as error:
                raise ValueError(str(error)[:_QUOTED]) from error
            if response is not None:
                rest = bytes(self._received)
                self._received.clear()
                return _head(response, self._method, rest)
            seen = 0
            self._informational += 1
            if self._informational > _MAX_INFORMATIONAL:
                raise ValueError(f"more than {_MAX_INFORMATIONAL} informational responses")
        if len(self._received) > _MAX_BYTES:
            raise ValueError(f"the head of the response is larger than {_MAX_BYTES} bytes")
        beginning = bytes(self._received[: len(_BEGINNING)])
        if not _BEGINNING.startswith(beginning):
            raise ValueError(f"the response begins with {bytes(self._received[:40])!r}")
        return None


def _parse(head: bytes, method: str) -> h11.Response | None:
    """The response; None if it is an informational one."""
    fault = head_fault(head, may_fold=True)
    if fault:
        raise ValueError(f"the head of the response holds {fault}")
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "upstream")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(head)
    event = connection.next_event()
    if isinstance(event, h11.InformationalResponse):
        return None
    if not isinstance(event, h11.Response):
        raise h11.RemoteProtocolError("the response has no head")
    return event


def _head(response: h11.Response, method: str, rest: bytes) -> ResponseHead:
    if response.http_version not in (b"1.0", b"1.1"):
        raise ValueError(f"the response is one of HTTP/{response.http_version.decode('ascii')}")
    headers = header_pairs(response)
    if len(headers) > _MAX_FIELDS:
        raise ValueError(f"the response has more than {_MAX_FIELDS} header fields")
    body = body_reader(
        method,
        response.status_code,
        header_value(headers, "transfer-encoding"),
        header_value(headers, "content-length"),
    )
    return ResponseHead(status=response.status_code, headers=headers, body=body, rest=rest)
