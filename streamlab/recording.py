"""A recording: one request and its timed response, as plain values.

Times are integer nanoseconds of a monotonic clock, as offsets from t0, the instant the request is
handed to the transport. Wall time appears once, in `Recording.started_at`, for display only.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, get_args

from streamlab.redaction import (
    BodyRedactor,
    Header,
    Redaction,
    redact_body,
    redact_url,
)

__all__ = [
    "BODIES_REDACTED",
    "END_REASONS",
    "UNTIMED",
    "End",
    "EndReason",
    "Header",
    "Mark",
    "Read",
    "Recording",
    "RecordingBuilder",
    "Request",
    "Response",
    "header_value",
    "media_type",
    "redact_recording",
]

EndReason = Literal[
    "complete",  # the body ended as its framing promised
    "truncated",  # the server closed the connection before the body was complete
    "reset",  # the connection was reset (TCP RST)
    "timeout",  # the server stayed silent for longer than the recorder waited
    "protocol_error",  # the bytes on the wire were not HTTP
    "client_closed",  # our side hung up before the end
    "unreachable",  # no connection came about (in time, for the one-shot), so nothing was sent
    "recorder_died",  # the recording process ended without a word: what follows is unknown
]
END_REASONS: tuple[EndReason, ...] = get_args(EndReason)

UNTIMED: Final = "untimed"
"""The tag of a recording whose times mean nothing: it was imported from a format without any."""

BODIES_REDACTED: Final = "redacted"
"""The tag of a recording whose bodies rules were applied to: they may not be what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. Headers are ordered pairs with duplicates kept, credentials redacted."""

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The response head and when it arrived."""

    status: int
    http_version: str = "HTTP/1.1"
    headers: tuple[Header, ...] = ()
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A named instant before the response: `connected`, `tls`, `request_sent`."""

    name: str
    at_ns: int


class Read(NamedTuple):
    """Bytes of the body that the transport yielded at once, before content decoding."""

    at_ns: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """When and how the stream ended; `detail` is the transport's own word for it."""

    at_ns: int
    reason: EndReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One request and its timed response. `end` is None while it is still being recorded."""

    id: str
    name: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    started_at: str = ""
    request: Request
    response: Response | None = None
    marks: tuple[Mark, ...] = ()
    reads: tuple[Read, ...] = ()
    end: End | None = None

    @property
    def body(self) -> bytes:
        """All reads joined."""
        return b"".join(read.data for read in self.reads)


def header_value(headers: tuple[Header, ...], name: str) -> str | None:
    """The first value of the header `name` (any case), or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def media_type(headers: tuple[Header, ...]) -> str:
    """The type of the content, in lower case and without parameters; "" if none is given."""
    return (header_value(headers, "content-type") or "").partition(";")[0].strip().lower()


@dataclass(slots=True, kw_only=True)
class RecordingBuilder:
    """Collects what a transport sees into a `Recording`.

    Every time is an argument (offset from t0), so the builder reads no clock. Credentials are
    redacted as they come in: nothing that leaves the builder holds one. Times that would run
    backwards are lifted to the time before them, so reads' times never decrease.

    Without `keeps_reads` the recording that is built has none: each was handed on as it came. Where
    `redact` has rules for bodies, reads go through `hold` and `release`, not `read`; `replaced` is
    the number of values that these rules replaced.
    """

    id: str
    request: Request
    name: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    started_at: str = ""
    keeps_reads: bool = True
    redact: Redaction = field(default_factory=Redaction)
    _response: Response | None = None
    _marks: list[Mark] = field(default_factory=list)
    _reads: list[Read] = field(default_factory=list)
    _end: End | None = None
    _latest_ns: int = 0
    _body: BodyRedactor = field(init=False)
    _held_ns: deque[int] = field(default_factory=deque)
    _replaced_in_request: int = 0

    def __post_init__(self) -> None:
        self._body = BodyRedactor(self.redact)
        self.tags = _tags(self.tags, self.redact)
        self.send(self.request.body)
        self.request = replace(
            self.request,
            url=redact_url(self.request.url),
            headers=self.redact.redact_headers(self.request.headers),
        )

    @property
    def replaced(self) -> int:
        """The number of values replaced in bodies so far."""
        return self._replaced_in_request + self._body.replaced

    def send(self, body: bytes) -> Request:
        """The body of the request, where it was not known at the beginning."""
        if self.redact.has_body_rules:
            described = _body_headers(self.request.headers)
            body, self._replaced_in_request = redact_body(self.redact, body, **described)
        self.request = replace(self.request, body=body)
        return self.request

    def mark(self, name: str, at_ns: int) -> Mark:
        """A named instant was passed."""
        mark = Mark(name=name, at_ns=self._forward(at_ns))
        self._marks.append(mark)
        return mark

    def respond(
        self, at_ns: int, status: int, headers: tuple[Header, ...], http_version: str = "HTTP/1.1"
    ) -> Response:
        """The response head arrived."""
        self._response = Response(
            status=status,
            http_version=http_version,
            headers=self.redact.redact_headers(headers),
            at_ns=self._forward(at_ns),
        )
        self._body = BodyRedactor(self.redact, **_body_headers(headers))
        return self._response

    def read(self, at_ns: int, data: bytes) -> Read:
        """The transport yielded bytes of the body."""
        read = Read(at_ns=self._forward(at_ns), data=data)
        if self.keeps_reads:
            self._reads.append(read)
        return read

    def hold(self, at_ns: int, data: bytes) -> list[Read]:
        """The transport yielded bytes that rules have to see first: the reads that are ready now.

        They have the times at which they came; one of which nothing is left is left out.
        """
        self._held_ns.append(self._forward(at_ns))
        return self._keep(self._body.feed(data))

    def release(self) -> list[Read]:
        """The body has ended: the reads that were held until now."""
        return self._keep(self._body.close())

    def _keep(self, pieces: list[bytes]) -> list[Read]:
        timed = [(self._held_ns.popleft(), data) for data in pieces]
        reads = [Read(at_ns=at_ns, data=data) for at_ns, data in timed if data]
        if self.keeps_reads:
            self._reads += reads
        return reads

    def finish(self, at_ns: int, reason: EndReason, detail: str = "") -> End:
        """The stream ended. The first end counts: what comes after is a consequence of it."""
        if self._end is None:
            at_ns = self._forward(at_ns)
            self._end = End(at_ns=at_ns, reason=reason, detail=self.redact.redact_text(detail))
        return self._end

    def build(self) -> Recording:
        """The recording as it stands now."""
        return Recording(
            id=self.id,
            name=self.name,
            source=self.source,
            tags=self.tags,
            started_at=self.started_at,
            request=self.request,
            response=self._response,
            marks=tuple(self._marks),
            reads=tuple(self._reads),
            end=self._end,
        )

    def _forward(self, at_ns: int) -> int:
        if at_ns > self._latest_ns:  # noqa: PLR1730 - max() takes twice as long, for every read
            self._latest_ns = at_ns
        return self._latest_ns


def _body_headers(headers: tuple[Header, ...]) -> dict[str, str]:
    return {
        "content_type": header_value(headers, "content-type") or "",
        "coding": header_value(headers, "content-encoding") or "",
    }


def _tags(tags: tuple[str, ...], redact: Redaction) -> tuple[str, ...]:
    is_told = BODIES_REDACTED in tags or not redact.has_body_rules
    return tags if is_told else (*tags, BODIES_REDACTED)


def redact_recording(recording: Recording, redact: Redaction) -> tuple[Recording, int]:
    """The recording as it would have been recorded with these rules, and the number of values that
    they replace in it, credentials included."""
    builder = RecordingBuilder(id=recording.id, request=recording.request, redact=redact)
    response, end, reads = recording.response, recording.end, recording.reads
    if response is not None:
        headers = builder.respond(0, response.status, response.headers).headers
        response = replace(response, headers=headers)
    if end is not None:
        end = replace(end, detail=redact.redact_text(end.detail))
    if redact.has_body_rules:
        ready = [each for read in reads for each in builder.hold(read.at_ns, read.data)]
        reads = (*ready, *builder.release())
    tags = _tags(recording.tags, redact)
    redacted = replace(
        recording, tags=tags, request=builder.request, response=response, reads=reads, end=end
    )
    outside = zip(_outside_bodies(recording), _outside_bodies(redacted), strict=True)
    return redacted, builder.replaced + sum(before != after for before, after in outside)


def _outside_bodies(recording: Recording) -> list[object]:
    """What rules may change besides bodies, one by one."""
    headers = recording.response.headers if recording.response else ()
    detail = recording.end.detail if recording.end else ""
    return [recording.request.url, *recording.request.headers, *headers, detail]
