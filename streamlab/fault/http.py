"""Faults in the HTTP around the body: another type, another answer, a content coding cut short."""

import zlib
from dataclasses import replace
from typing import Final

from streamlab.fault.api import error_body
from streamlab.fault.option import ErrorStatus, Seconds, number_text
from streamlab.fault.pieces import Headers, with_body, with_headers
from streamlab.recording import header_value
from streamlab.recut import head_of, sends_of
from streamlab.schedule import Finish, Schedule, Send, SendHead

__all__ = ["content_type", "gzip_truncated", "html", "http_error"]

_PAGE: Final = b"<!DOCTYPE html>\n<html><body><h1>We will be back soon</h1></body></html>\n"
_GZIP: Final = 31  # zlib's word for its largest window, in the gzip format
_GZIP_TRAILER_BYTES: Final = 8  # RFC 1952, 2.3.1: CRC32 and ISIZE


def content_type(schedule: Schedule, *, value: str = "application/json") -> Schedule:
    """The head says that the body is `value`."""
    return with_headers(schedule, lambda headers: _with_content_type(headers, value))


def html(schedule: Schedule) -> Schedule:
    """The answer is an HTML page, with status 200, as gateways send it."""
    return _instead(schedule, 200, (("Content-Type", "text/html"),), _PAGE)


def http_error(
    schedule: Schedule, *, status: ErrorStatus = 429, retry_after: Seconds | None = None
) -> Schedule:
    """The answer is an error with this `status`, in the API's shape, and a Retry-After of so many
    seconds, if given."""
    wait = () if retry_after is None else (("Retry-After", number_text(retry_after)),)
    headers = (("Content-Type", "application/json"), *wait)
    return _instead(schedule, status, headers, error_body(schedule, status))


def gzip_truncated(schedule: Schedule) -> Schedule:
    """The body is encoded with gzip, flushed after each piece, and its last 8 bytes, the checksum,
    are missing. Where it has a content coding, gzip comes on top."""
    sends = sends_of(schedule)
    if not sends:
        return schedule
    gzip = zlib.compressobj(wbits=_GZIP)
    flushed = [gzip.compress(send.data) + gzip.flush(zlib.Z_SYNC_FLUSH) for send in sends]
    flushed[-1] += gzip.flush()[:-_GZIP_TRAILER_BYTES]
    encoded = [replace(send, data=data) for send, data in zip(sends, flushed, strict=True)]
    return with_headers(
        with_body(schedule, encoded), lambda headers: (*headers, ("Content-Encoding", "gzip"))
    )


def _with_content_type(headers: Headers, value: str) -> Headers:
    changed = tuple((n, value if n.lower() == "content-type" else v) for n, v in headers)
    return changed if header_value(headers, "content-type") else (*headers, ("Content-Type", value))


def _instead(schedule: Schedule, status: int, headers: Headers, body: bytes) -> Schedule:
    """Another answer, at the time of the head."""
    head = head_of(schedule)
    at_ns = head.at_ns if head else schedule.actions[0].at_ns
    return replace(
        schedule,
        framing="length",
        actions=(
            SendHead(
                at_ns=at_ns,
                status=status,
                headers=(*headers, ("Content-Length", str(len(body)))),
            ),
            Send(at_ns=at_ns, data=body),
            Finish(at_ns=at_ns),
        ),
    )
