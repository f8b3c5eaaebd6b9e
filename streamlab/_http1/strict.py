"""Requests that h11 takes and this server does not.

A server and a client, or the proxies between them, that read one head in two ways are how requests
are smuggled: what can be read in two ways is refused, where a standard allows it.
"""

import re
from typing import Final

import h11

from streamlab._http1.limits import Limits
from streamlab._http1.wire import head_fault
from streamlab.recording import Header, header_value

__all__ = ["Refusal", "header_pairs", "refusal", "too_large"]

Refusal = tuple[int, str]
"""A status, and the sentence that explains it."""

# origin-form and absolute-form (RFC 9112, 3.2); the others are for proxies that make tunnels.
_TARGET: Final = re.compile(r"/|https?://[^/?#]", re.IGNORECASE)
_SHOWN: Final = 80


def refusal(
    request: h11.Request, headers: tuple[Header, ...], head: bytes, limits: Limits
) -> Refusal | None:
    """Why a request is refused, given its head as h11 read it, its header fields, and the head as
    it came; None if it is not."""
    if len(head) > limits.head_bytes:
        return 431, f"the head of the request is larger than {limits.head_bytes} bytes"
    if len(headers) > limits.head_fields:
        return 431, f"the request has more than {limits.head_fields} header fields"
    fault = head_fault(head, may_fold=False)
    if fault:
        return 400, f"the head of the request holds {fault}"
    return _line_refusal(request) or _body_refusal(request, headers, limits)


def header_pairs(message: h11.Request | h11.Response) -> tuple[Header, ...]:
    """The header fields in their order and spelling; any byte is a character."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in message.headers.raw_items()
    )


def _line_refusal(request: h11.Request) -> Refusal | None:
    version = request.http_version.decode("ascii")
    if version not in ("1.0", "1.1"):
        return 400, f"this server speaks HTTP/1.1 and HTTP/1.0, not HTTP/{version}"
    target = request.target.decode("ascii")
    if request.method == b"CONNECT" or not _TARGET.match(target):
        return 400, (
            f"the target of a request is a path here, not {target[:_SHOWN]!r}: "
            "set the client's base URL to this server, not its proxy"
        )
    return None


def _body_refusal(
    request: h11.Request, headers: tuple[Header, ...], limits: Limits
) -> Refusal | None:
    length = header_value(headers, "content-length")
    if header_value(headers, "transfer-encoding") is not None:
        # RFC 9112, 6.1: both are allowed to be refused, and the second has to be.
        if length is not None:
            return 400, "the request has both Transfer-Encoding and Content-Length"
        if request.http_version == b"1.0":
            return 400, "HTTP/1.0 has no Transfer-Encoding"
    elif length is not None and int(length) > limits.body_bytes:
        return 413, too_large(limits)
    return None


def too_large(limits: Limits) -> str:
    """What a client is told whose body is over the limit."""
    return f"the request body is larger than {limits.body_bytes} bytes"
