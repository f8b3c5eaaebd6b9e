"""A response body in a file, alone (`curl -N`) or behind its head (`curl -iN`)."""

import re
from pathlib import PurePath
from typing import Final
from urllib.parse import quote

from streamlab.dialect import chunk, detect
from streamlab.errors import InputError
from streamlab.interop.assemble import untimed
from streamlab.interop.bodies import EVENT_STREAM, KINDS, BodyKind, kind_of
from streamlab.recording import Header, Recording, Request, Response
from streamlab.sse import Event, decode

__all__ = [
    "UNKNOWN_HOST",
    "has_head",
    "likely_request",
    "read_raw_body",
    "read_with_head",
    "recognise_body",
]

_STATUS_LINE: Final = re.compile(rb"HTTP/(\d(?:\.\d)?) (\d{3})(?: [^\r\n]*)?\r?\n")
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")

# Where clients of these dialects ask: a replay answers them without being told the URL.
_PATHS: Final = {
    "openai.chat": "/v1/chat/completions",
    "openai.completions": "/v1/completions",
}
UNKNOWN_HOST: Final = "http://imported.invalid"  # a name that never exists (RFC 2606, 2)
_BYTES_LOOKED_AT: Final = 65_536


def recognise_body(body: bytes, file: str) -> BodyKind | None:
    """What kind of body it is, told by its bytes; failing that, by the file's name."""
    suffix = PurePath(file).suffix.lower()
    by_content = (kind for kind in KINDS if kind.looks_like(body))
    by_name = (kind for kind in KINDS if suffix in kind.suffixes)
    return next(by_content, None) or next(by_name, None)


def read_raw_body(
    body: bytes, file: str, kind: BodyKind, request: Request | None = None
) -> list[Recording]:
    """The body as a recording without times. `request` is what it answered, if that is known."""
    headers = (("Content-Type", kind.media_type), ("Transfer-Encoding", "chunked"))
    asked = request or likely_request(body, file)
    response = Response(status=200, headers=headers, at_ns=0)
    return [untimed(asked, response, body, file=file, source=kind.name, kind=kind)]


def has_head(data: bytes) -> bool:
    """Whether a response head comes first, as `curl -i` writes it."""
    return _STATUS_LINE.match(data) is not None


def read_with_head(data: bytes, file: str, request: Request | None = None) -> list[Recording]:
    """Heads and a body. The last head counts: before it come those of a proxy, of `100 Continue`
    and of redirects. InputError if a head is broken."""
    response, start = _read_head(data, 0, file)
    while has_head(data[start : start + _BYTES_LOOKED_AT]):
        response, start = _read_head(data, start, file)
    body = data[start:]
    kind = kind_of(response.headers) or recognise_body(body, file)
    asked = request or likely_request(body, file)
    recording = untimed(asked, response, body, file=file, source="curl", kind=kind)
    return [recording]


def _read_head(data: bytes, start: int, file: str) -> tuple[Response, int]:
    """The head that starts there, and where its body starts."""
    status_line = _STATUS_LINE.match(data, start)
    assert status_line is not None
    version, status = status_line.group(1).decode("ascii"), int(status_line.group(2))
    if not 100 <= status <= 599:
        raise InputError(f"{file}: status {status} is no HTTP status", _HINT)
    end = _HEAD_END.search(data, status_line.end() - 2)
    if end is None:
        raise InputError(f"{file}: the response head has no end (an empty line)", _HINT)
    lines = data[status_line.end() : end.start()].decode("latin-1").splitlines()
    response = Response(
        status=status,
        http_version=f"HTTP/{version}",
        headers=tuple(_header(line, file) for line in lines),
        at_ns=0,
    )
    return response, end.end()


_HINT: Final = "save the output of `curl -iN URL` as it is"


def _header(line: str, file: str) -> Header:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InputError(f"{file}: {line[:80]!r} in the response head is no header", _HINT)
    return name.strip(), value.strip()


def likely_request(body: bytes, file: str) -> Request:
    """A request that such a body answers. Nobody knows, but a replay needs a route."""
    path = "/" + quote(PurePath(file).stem)
    if EVENT_STREAM.looks_like(body):
        items = decode(body[:_BYTES_LOOKED_AT])
        found = detect("", None, (chunk(item) for item in items if isinstance(item, Event)))
        path = _PATHS.get(found.dialect.name, path) if found else path
    return Request(method="POST", url=UNKNOWN_HOST + path)
