"""SL1xx: what HTTP says of the stream, and how the connection ended."""

import gzip
from collections.abc import Iterator
from typing import Final

from streamlab.content_coding import Defect, content_codings
from streamlab.finding.example import HEALTHY, STREAM_HEAD, Example
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot
from streamlab.finding.subject import Subject
from streamlab.recording import Header

__all__: list[str] = []

_PLAIN_HEAD: Final[tuple[Header, ...]] = (("Content-Type", "text/event-stream"), *STREAM_HEAD[1:3])
_HTML: Final = (b"<!DOCTYPE html><html><body>Sign in</body></html>",)
_HTML_HEAD: Final[tuple[Header, ...]] = (("Content-Type", "text/html"), *STREAM_HEAD[1:])
_JSON_HEAD: Final[tuple[Header, ...]] = (("Content-Type", "application/json"), *STREAM_HEAD[1:])
_GZIP_HEAD: Final[tuple[Header, ...]] = (*STREAM_HEAD, ("Content-Encoding", "gzip"))
_GZIPPED: Final = gzip.compress(b"".join(HEALTHY), mtime=0)
# A defect of these is of the stream; another one is of the program that looks at it.
_BROKEN: Final = frozenset({"encoding-truncated", "encoding-corrupt", "encoding-too-large"})


def _has_length(subject: Subject) -> bool:
    is_chunked = "chunked" in (subject.header("transfer-encoding") or "").lower()
    return subject.header("content-length") is not None and not is_chunked


@rule(
    "SL101",
    "incomplete-chunked-read",
    "error",
    cause="the server, or a proxy on the way, crashed, ran into a timeout or was restarted",
    hint="look into the log of the server and of each proxy at this time",
    example=Example(pieces=HEALTHY, reason="truncated"),
)
def _incomplete(subject: Subject) -> Iterator[Spot]:
    """The connection was closed before the body was complete."""
    end = subject.end
    if end is not None and end.reason == "truncated" and not _has_length(subject):
        yield subject.at_end("the connection was closed before the body was complete", end.detail)


@rule(
    "SL102",
    "content-length-short",
    "error",
    cause="the server counted other bytes than it sent, or broke off",
    hint="send streams without Content-Length",
    example=Example(
        pieces=HEALTHY,
        reason="truncated",
        headers=(*_PLAIN_HEAD, ("Content-Length", "9999")),
        along=("SL103",),
    ),
)
def _too_short(subject: Subject) -> Iterator[Spot]:
    """The body ended before the bytes that its Content-Length promised; urllib does not notice."""
    end = subject.end
    if end is not None and end.reason == "truncated" and _has_length(subject):
        promised = subject.header("content-length") or ""
        came = sum(len(read.data) for read in subject.recording.reads)
        yield subject.at_end(f"{came} bytes came of the {promised[:20]} promised", end.detail)


@rule(
    "SL103",
    "content-length-on-stream",
    "warning",
    cause="a proxy or framework buffered the whole stream, or copied the header",
    hint="remove Content-Length from streamed responses, and turn off buffering",
    example=Example(pieces=HEALTHY, headers=(*STREAM_HEAD, ("Content-Length", "399"))),
)
def _has_content_length(subject: Subject) -> Iterator[Spot]:
    """An event stream has a Content-Length: its size was known before it was sent."""
    length = subject.header("content-length")
    if length is not None and subject.media_type == "text/event-stream" and subject.has_succeeded:
        yield subject.at_head("an event stream has a Content-Length", f"Content-Length: {length}")


@rule(
    "SL104",
    "connection-reset",
    "error",
    cause="the server or a proxy dropped the connection: a crash, a limit, a timeout",
    hint="look into the log of the server and of each proxy at this time",
    example=Example(pieces=HEALTHY, reason="reset"),
)
def _reset(subject: Subject) -> Iterator[Spot]:
    """The connection was reset."""
    if (end := subject.end) is not None and end.reason == "reset":
        over = ", after the end of the stream: nothing is missing" if subject.is_over else ""
        yield subject.at_end(f"the connection was reset{over}", end.detail)


@rule(
    "SL105",
    "bad-chunk-size",
    "error",
    cause="something wrote into the connection that does not know the chunked coding",
    hint="look for a layer that writes the body by hand, or sets Transfer-Encoding itself",
    example=Example(pieces=HEALTHY, reason="protocol_error"),
)
def _not_http(subject: Subject) -> Iterator[Spot]:
    """The body's framing is not HTTP: the size of an HTTP chunk cannot be read, for example."""
    if (end := subject.end) is not None and end.reason == "protocol_error":
        yield subject.at_end("the framing of the body is not HTTP", end.detail)


@rule(
    "SL106",
    "wrong-content-type",
    "error",
    cause="a page of a proxy or a login answered, or the server forgot the type",
    hint="send Content-Type: text/event-stream; check the URL and the key",
    example=Example(pieces=_HTML, headers=_HTML_HEAD),
)
def _wrong_type(subject: Subject) -> Iterator[Spot]:
    """A page came with a success status; or, which is a warning, an event stream under another
    type: browsers refuse it."""
    said = subject.media_type
    if not subject.has_succeeded or not said:
        return
    if said in ("text/html", "application/xhtml+xml"):
        yield subject.at_head("the answer is a page and no stream", f"Content-Type: {said}")
    elif said != "text/event-stream" and subject.is_sse and subject.events:
        message = "an event stream has another type"
        yield subject.at_head(message, f"Content-Type: {said}", "warning")


@rule(
    "SL107",
    "content-encoding-on-stream",
    "warning",
    cause="compression is on for all responses; most compressors hold events back",
    hint="exclude text/event-stream from compression, or flush after each event",
    example=Example(pieces=(_GZIPPED,), headers=_GZIP_HEAD),
)
def _is_encoded(subject: Subject) -> Iterator[Spot]:
    """An event stream is compressed: its events come in bursts unless the compressor is flushed."""
    codings = content_codings(subject.headers)
    if codings and subject.media_type == "text/event-stream" and subject.has_succeeded:
        said = ", ".join(codings)
        yield subject.at_head(
            f"an event stream is encoded: {said[:80]}", f"Content-Encoding: {said}"
        )


@rule(
    "SL108",
    "content-encoding-broken",
    "error",
    cause="the header names a coding that is not the body's, or the stream was cut",
    hint="ask with Accept-Encoding: identity, and compare",
    example=Example(
        pieces=(_GZIPPED[:-8],),
        headers=_GZIP_HEAD,
        along=("SL107",),
    ),
)
def _is_broken(subject: Subject) -> Iterator[Spot]:
    """The content coding cannot be undone: it is cut, corrupt, or not what the header says. A
    warning where it is only not known here. Many clients take a cut one for a whole."""
    for arrival in subject.defects:
        defect = arrival.item
        assert isinstance(defect, Defect)
        spot = subject.at_arrival(arrival, defect.cause, defect.detail)
        yield spot._replace(severity="error" if defect.code in _BROKEN else "warning")


@rule(
    "SL109",
    "http-error-status",
    "error",
    cause="the request was refused: key, quota, model, or size",
    hint="read the message; a 429 or 503 often says in Retry-After when to try again",
    example=Example(pieces=(b'{"error":{"message":"slow down"}}',), headers=_JSON_HEAD, status=429),
)
def _error_status(subject: Subject) -> Iterator[Spot]:
    """The status is no success."""
    status = subject.analysis.status
    if status is not None and not subject.has_succeeded:
        said = subject.analysis.errors[0] if subject.analysis.errors else ""
        yield subject.at_head(f"the status is {status}", said)


@rule(
    "SL110",
    "unbuffering-headers-missing",
    "info",
    cause="the server sends no headers that keep proxies from buffering",
    hint="send Cache-Control: no-cache, no-transform and X-Accel-Buffering: no",
    example=Example(pieces=HEALTHY, headers=(STREAM_HEAD[0],)),
)
def _may_be_buffered(subject: Subject) -> Iterator[Spot]:
    """Nothing in the head asks proxies not to buffer or change the stream."""
    if subject.media_type != "text/event-stream" or not subject.has_succeeded:
        return
    if not subject.is_timed:  # the head may be made up by an import
        return
    if not subject.header("x-accel-buffering") and not subject.header("cache-control"):
        yield subject.at_head("nothing tells proxies not to buffer the stream")


@rule(
    "SL111",
    "empty-body",
    "error",
    cause="the upstream of a gateway failed, and its error was swallowed",
    hint="ask the upstream itself; look into the gateway's log",
    example=Example(pieces=(b"",)),
)
def _is_empty(subject: Subject) -> Iterator[Spot]:
    """A success without a single byte."""
    end, recording = subject.end, subject.recording
    if end is None or end.reason != "complete" or recording.reads:
        return
    has_body = recording.request.method != "HEAD" and subject.analysis.status not in (204, 205)
    if has_body and subject.has_succeeded:
        yield subject.at_end("the body is empty")


@rule(
    "SL112",
    "no-response",
    "error",
    cause="nothing listens there, a name or certificate is wrong, or the server gave up early",
    hint="try the URL with `curl -v`",
    example=Example(pieces=(), has_response=False, reason="unreachable"),
)
def _no_response(subject: Subject) -> Iterator[Spot]:
    """No response came."""
    end = subject.recording.end
    if subject.recording.response is None and end is not None:
        yield subject.at_end(f"no response came: {end.reason}", end.detail)
