"""HTTP/1.1 as bytes (RFC 9112): heads and HTTP chunks, written without any rewriting."""

import re
from http import HTTPStatus
from typing import Final

from streamlab.recording import Header

__all__ = ["LAST_CHUNK", "http_chunk", "response_head", "same_origin_path"]

LAST_CHUNK: Final = b"0\r\n\r\n"

# Field names are tokens (RFC 9110, 5.6.2); in values only line ends and NUL can do harm (5.5).
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE_VALUE: Final = re.compile(r"[\r\n\0]")


def response_head(status: int, headers: tuple[Header, ...]) -> bytes:
    """The status line and the header fields, in the order and spelling given.

    A field that would break the head (a line end in its value, a name that is no token) is left
    out: recordings come from files that anybody may have written.
    """
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [
        f"{name}: {value}"
        for name, value in headers
        if _NAME.fullmatch(name) and not _UNSAFE_VALUE.search(value)
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def http_chunk(data: bytes) -> bytes:
    """`data` as one HTTP chunk (RFC 9112, 7.1); it must not be empty, that would end the body."""
    assert data
    return b"%x\r\n%b\r\n" % (len(data), data)


def same_origin_path(target: str) -> str:
    """The path and query of a request target, which a proxy's client sends as a whole URL."""
    if target.startswith("/"):
        return target
    _, scheme, rest = target.partition("://")
    return "/" + rest.partition("/")[2] if scheme else target
