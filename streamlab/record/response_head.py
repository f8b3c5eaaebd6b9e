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

# What h11 takes as it is (RFC 9112, 4 and 5), and in their plainest form the fields that frame a
# body.
_PLAIN_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)(?: [\t -~]*)?")
_PLAIN_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_VALUE: Final = re.compile(rb"[\t -~\x80-\xff]*")
_FRAMING: Final = {
    b"content-length": re.compile(rb"[0-9]{1,20}"),
    b"transfer-encoding": re.compile(rb"chunked"),
}

_Parsed = tuple[int, tuple[Header, ...]]


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
            parsed = _parse(head, self._method)
            if parsed is not None:
                rest = bytes(self._received)
                self._received.clear()
                return _head(*parsed, self._method, rest)
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


def _parse(head: bytes, method: str) -> _Parsed | None:
    """What the head says; None of an informational response."""
    fault = head_fault(head, may_fold=True)
    if fault:
        raise ValueError(f"the head of the response holds {fault}")
    return _parse_plain(head) or _parse_any(head, method)


def _parse_plain(head: bytes) -> _Parsed | None:
    """A head as nearly all are, at a tenth of the time that h11 takes for it; None if it is not.

    A proxy with many streams spends as much on their heads as on passing on what comes after.
    """
    status_line, *lines, _, _ = head.split(b"\r\n")
    status = _PLAIN_STATUS_LINE.fullmatch(status_line)
    if status is None:
        return None
    headers = []
    framing_fields = 0
    for line in lines:
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if not (colon and _PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)):
            return None
        if name.lower() in _FRAMING:
            framing_fields += 1
            if not _FRAMING[name.lower()].fullmatch(value):
                return None
        headers.append((name.decode("ascii"), value.decode("latin-1")))
    return (int(status[1]), tuple(headers)) if framing_fields <= 1 else None


def _parse_any(head: bytes, method: str) -> _Parsed | None:
    """What h11 makes of it."""
    try:
        response = _read_with_h11(head, method)
    except h11.RemoteProtocolError as error:
        raise ValueError(str(error)[:_QUOTED]) from error
    if isinstance(response, h11.InformationalResponse):
        return None
    if response.http_version not in (b"1.0", b"1.1"):
        raise ValueError(f"the response is one of HTTP/{response.http_version.decode('ascii')}")
    return response.status_code, header_pairs(response)


def _read_with_h11(head: bytes, method: str) -> h11.Response | h11.InformationalResponse:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "upstream")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(head)
    event = connection.next_event()
    if not isinstance(event, h11.Response | h11.InformationalResponse):
        raise h11.RemoteProtocolError("the response has no head")
    return event


def _head(status: int, headers: tuple[Header, ...], method: str, rest: bytes) -> ResponseHead:
    if len(headers) > _MAX_FIELDS:
        raise ValueError(f"the response has more than {_MAX_FIELDS} header fields")
    body = body_reader(
        method,
        status,
        header_value(headers, "transfer-encoding"),
        header_value(headers, "content-length"),
    )
    return ResponseHead(status=status, headers=headers, body=body, rest=rest)
