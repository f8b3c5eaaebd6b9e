"""A recording under way: what a transport sees, stamped and handed to the store.

The three ways to record (one request, a proxy, a transport in the program) all feed one of these.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from streamlab.clock import Clock
from streamlab.record.ending import describe, end_reason, was_never_sent
from streamlab.recording import (
    EndReason,
    Header,
    Read,
    Recording,
    RecordingBuilder,
    Request,
    Response,
)
from streamlab.redaction import Redaction
from streamlab.store import Writer

__all__ = ["ActiveRecording", "Labels", "Listener"]

# httpcore's trace events that are marks of ours: https://www.encode.io/httpcore/extensions/#trace.
_MARKS: Final = {
    "connection.connect_tcp.complete": "connected",
    "connection.start_tls.complete": "tls",
    "http11.send_request_body.complete": "request_sent",
    "http2.send_request_body.complete": "request_sent",
}


class Listener(Protocol):
    """Hears of a recording while it happens, after it was stamped and handed to the store."""

    def on_response(self, response: Response) -> None:
        """The response head arrived."""

    def on_read(self, read: Read) -> None:
        """Bytes of the body arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a recorder says of all its recordings: their name and tags, its own name as their
    `source`, and what is redacted in them besides credentials."""

    name: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    redact: Redaction = field(default_factory=Redaction)


class ActiveRecording:
    """Starts its clock (t0) when it is made: make it when the request is handed to the transport.

    Each method stamps the time first and does the rest after. The first end counts; what comes
    after it is a consequence of it. `redacted.begin_recording` makes them.
    """

    def __init__(
        self,
        request: Request,
        labels: Labels,
        writer: Writer,
        clock: Clock,
        *,
        keeps_reads: bool = False,
        listener: Listener | None = None,
    ) -> None:
        self._now_ns = clock.now_ns
        self._listener = listener
        self._has_response = False
        self._is_over = False
        self._builder = RecordingBuilder(
            id=secrets.token_hex(6),
            request=request,
            name=labels.name,
            source=labels.source,
            tags=labels.tags,
            redact=labels.redact,
            started_at=clock.utc_now(),
            keeps_reads=keeps_reads,
        )
        self._store = writer.begin(self._builder.build())
        self._t0_ns = clock.now_ns()

    def elapsed_ns(self) -> int:
        """Time since t0."""
        return self._now_ns() - self._t0_ns

    def mark(self, name: str) -> None:
        """A named instant passes."""
        at_ns = self.elapsed_ns()
        self._store.mark(self._builder.mark(name, at_ns))

    def trace(self, event: str) -> None:
        """httpcore tells of a step; some are marks."""
        if event in _MARKS:
            self.mark(_MARKS[event])

    def send(self, body: bytes) -> None:
        """The body of the request, where it was not known before it passed."""
        self._store.send(self._builder.send(body))

    def respond(self, status: int, headers: tuple[Header, ...], http_version: str) -> Response:
        """The response head arrives."""
        at_ns = self.elapsed_ns()
        self._has_response = True
        response = self._builder.respond(at_ns, status, headers, http_version)
        self._store.respond(response)
        if self._listener is not None:
            self._listener.on_response(response)
        return response

    def read(self, data: bytes) -> Read:
        """The transport yields bytes of the body."""
        # The one method that runs often, on the program's own thread: elapsed_ns, written out.
        read = self._builder.read(self._now_ns() - self._t0_ns, data)
        self._store.read(read)
        if self._listener is not None:
            self._listener.on_read(read)
        return read

    def finish(self, reason: EndReason, detail: str = "") -> None:
        """The stream ends."""
        at_ns = self.elapsed_ns()
        if not self._is_over:
            self._is_over = True
            self._release()
            self._store.finish(self._builder.finish(at_ns, reason, detail))

    def _release(self) -> None:
        """Hand to the store what was held back from it: nothing, here."""

    def fail(self, error: BaseException) -> None:
        """An exception ends it; a request that could not be sent leaves no recording."""
        if not self._has_response and was_never_sent(error):
            self.discard()
        else:
            self.finish(end_reason(error), describe(error))

    @contextmanager
    def watch(self) -> Iterator[None]:
        """An exception of the block is an end of the recording, and goes on as it is."""
        try:
            yield
        except BaseException as error:
            self.fail(error)
            raise

    def discard(self) -> None:
        """Nothing was sent: leave no trace."""
        if not self._is_over:
            self._is_over = True
            self._store.discard()

    def build(self) -> Recording:
        """The recording as it stands now, its reads if it keeps them."""
        return self._builder.build()
