"""A recording under way: what a transport sees, stamped and handed to the store.

The three ways to record (one request, a proxy, a transport in the program) all feed one of these.
"""

import secrets

from streamlab.clock import Clock
from streamlab.recording import (
    EndReason,
    Header,
    Read,
    Recording,
    RecordingBuilder,
    Request,
    Response,
)
from streamlab.store import Writer

__all__ = ["ActiveRecording"]


class ActiveRecording:
    """Starts its clock (t0) when it is made: make it when the request is handed to the transport.

    Each method stamps the time first and does the rest after.
    """

    def __init__(
        self,
        request: Request,
        writer: Writer,
        clock: Clock,
        *,
        name: str = "",
        source: str = "",
        tags: tuple[str, ...] = (),
    ) -> None:
        self._clock = clock
        self._builder = RecordingBuilder(
            id=secrets.token_hex(6),
            request=request,
            name=name,
            source=source,
            tags=tags,
            started_at=clock.utc_now(),
        )
        self._store = writer.begin(self._builder.build())
        self._t0_ns = clock.now_ns()

    def elapsed_ns(self) -> int:
        """Time since t0."""
        return self._clock.now_ns() - self._t0_ns

    def mark(self, name: str) -> None:
        """A named instant passes."""
        at_ns = self.elapsed_ns()
        self._store.mark(self._builder.mark(name, at_ns))

    def respond(self, status: int, headers: tuple[Header, ...], http_version: str) -> Response:
        """The response head arrives."""
        at_ns = self.elapsed_ns()
        response = self._builder.respond(at_ns, status, headers, http_version)
        self._store.respond(response)
        return response

    def read(self, data: bytes) -> Read:
        """The transport yields bytes of the body."""
        at_ns = self.elapsed_ns()
        read = self._builder.read(at_ns, data)
        self._store.read(read)
        return read

    def finish(self, reason: EndReason, detail: str = "") -> None:
        """The stream ends."""
        at_ns = self.elapsed_ns()
        self._store.finish(self._builder.finish(at_ns, reason, detail))

    def discard(self) -> None:
        """Nothing was sent: leave no trace."""
        self._store.discard()

    def build(self) -> Recording:
        """The recording as it stands now."""
        return self._builder.build()
