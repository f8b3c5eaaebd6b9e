"""HTTP/1.1 as bytes (RFC 9112): heads and HTTP chunks, written without any rewriting."""

import re
from http import HTTPStatus
from typing import Final

from streamlab.recording import Header

__all__ = [
    "LAST_CHUNK",
    "connection_options",
    "head_fault",
    "http_chunk",
    "response_head",
    "same_origin_path",
]

LAST_CHUNK: Final = b"0\r\n\r\n"

# Field names are tokens (RFC 9110, 5.6.2); in values only line ends and NUL can do harm (5.5).
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE_VALUE: Final = re.compile(r"[\r\n\0]")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def head_fault(head: bytes, *, may_fold: bool) -> str:
    """What in a head is not read alike by all: line ends that are none to some (RFC 9112, 2.2),
    NUL (RFC 9110, 5.5), folded lines (RFC 9112, 5.2) unless they may be; "" if there is nothing."""
    line_ends = head.count(b"\r\n")
    if head.count(b"\n") > line_ends:
        return "a bare LF"
    if head.count(b"\r") > line_ends:
        return "a bare CR"
    if b"\0" in head:
        return "a NUL"
    if not may_fold and (b"\n " in head or b"\n\t" in head):
        return "a folded line"
    return ""


def response_head(status: int, headers: tuple[Header, ...]) -> bytes:
    """The status line and the header fields, in the order and spelling given.

    A field that would break the head (a line end in its value, a name that is no token) is left
    out: recordings come from files that anybody may have written.
    """
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    lines = [f"HTTP/1.1 {status} {reason}".encode()]
    lines += [
        _field_bytes(f"{name}: {value}")
        for name, value in headers
        if _NAME.fullmatch(name) and not _UNSAFE_VALUE.search(value)
    ]
    return b"\r\n".join([*lines, b"", b""])


def _field_bytes(line: str) -> bytes:
    # What was on a wire is a character per byte; what came from a file may be any text.
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "replace")


def connection_options(headers: tuple[Header, ...]) -> set[str]:
    """What all Connection fields list, in lower case (RFC 9110, 7.6.1)."""
    values = [value for name, value in headers if name.lower() == "connection"]
    return {option.strip().lower() for value in values for option in value.split(",")}


def http_chunk(data: bytes) -> bytes:
    """`data` as one HTTP chunk (RFC 9112, 7.1); it must not be empty, that would end the body."""
    assert data
    return b"%x\r\n%b\r\n" % (len(data), data)


def same_origin_path(target: str) -> str:
    """The path and query of a request target, which a proxy's client sends as a whole URL."""
    absolute = None if target.startswith("/") else _ABSOLUTE.match(target)
    if absolute is None:
        return target
    rest = target[absolute.end() :]
    return rest if rest.startswith("/") else f"/{rest}"
