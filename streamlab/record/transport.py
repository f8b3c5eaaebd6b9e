"""Transports for httpx and httpx2 that record what passes through them.

Each of the two below is a transport of both libraries: one name to know, whichever of them an SDK
stands on.
"""

from collections.abc import Awaitable, Callable
from copy import copy
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

import anyio
import anyio.to_thread

from streamlab.clock import Clock
from streamlab.http_libraries import AsyncTransport, SyncTransport, header_pairs, library_of
from streamlab.record.active import ActiveRecording
from streamlab.record.passing import received
from streamlab.record.recorder import Recorder, Store, asked, known_body
from streamlab.record.streams import AsyncReceived, AsyncSent, Received, Sent
from streamlab.redaction import Redaction

if TYPE_CHECKING:
    import httpx
    import httpx2

    from streamlab.http_libraries import AsyncInner, Inner

__all__ = ["AsyncRecordingTransport", "RecordingTransport"]


class RecordingTransport(SyncTransport):
    """Sends requests as `inner` does, and records each with its response, read by read.

    `store` is the path of a library (made if it is not there), or an open `Library` or `Writer`.
    `inner` is by default what the client would use itself: the `HTTPTransport` of its library.
    Bytes, exceptions and pace are those of `inner`; a request that could not be sent leaves no
    recording. `redact` says what is redacted in what is stored, besides credentials.

    Close it (the client does) to be sure that all is stored. If the library cannot be written,
    requests go on and one RuntimeWarning says so. StoreError if it cannot be opened.
    """

    def __init__(
        self,
        store: Store,
        *,
        inner: "Inner | None" = None,
        name: str = "",
        tags: tuple[str, ...] = (),
        redact: Redaction | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._inner: Any = inner
        self._lock = Lock()
        self._recorder = Recorder(store, name=name, tags=tags, redact=redact, clock=clock)

    def __enter__(self) -> Self:
        if self._inner is not None:
            self._inner.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            if self._inner is not None:
                self._inner.__exit__(exc_type, exc_value, traceback)
        finally:
            self._close()

    @overload
    def handle_request(self, request: "httpx.Request") -> "httpx.Response": ...
    @overload
    def handle_request(self, request: "httpx2.Request") -> "httpx2.Response": ...
    def handle_request(self, request: Any) -> Any:
        """Send the request; the response's stream records itself while it is read."""
        with self._lock:
            if self._inner is None:
                self._inner = library_of(request).HTTPTransport()
        active = self._recorder.begin(asked(request))
        outgoing = _outgoing(request, _trace(request, active))
        if known_body(request) is None:
            outgoing.stream = Sent(request.stream, active)
        with active.watch():
            response = self._inner.handle_request(outgoing)
        return _record(active, response, Received)

    def close(self) -> None:
        """Close `inner`, and wait until everything is stored."""
        try:
            if self._inner is not None:
                self._inner.close()
        finally:
            self._close()

    def _close(self) -> None:
        self._recorder.settle()
        self._recorder.warn()


class AsyncRecordingTransport(AsyncTransport):
    """As `RecordingTransport`, for `AsyncClient`."""

    def __init__(
        self,
        store: Store,
        *,
        inner: "AsyncInner | None" = None,
        name: str = "",
        tags: tuple[str, ...] = (),
        redact: Redaction | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._inner: Any = inner
        self._recorder = Recorder(store, name=name, tags=tags, redact=redact, clock=clock)

    async def __aenter__(self) -> Self:
        if self._inner is not None:
            await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        try:
            if self._inner is not None:
                await self._inner.__aexit__(exc_type, exc_value, traceback)
        finally:
            await self._close()

    @overload
    async def handle_async_request(self, request: "httpx.Request") -> "httpx.Response": ...
    @overload
    async def handle_async_request(self, request: "httpx2.Request") -> "httpx2.Response": ...
    async def handle_async_request(self, request: Any) -> Any:
        """Send the request; the response's stream records itself while it is read."""
        if self._inner is None:
            self._inner = library_of(request).AsyncHTTPTransport()
        active = self._recorder.begin(asked(request))
        outgoing = _outgoing(request, _atrace(request, active))
        if known_body(request) is None:
            outgoing.stream = AsyncSent(request.stream, active)
        with active.watch():
            response = await self._inner.handle_async_request(outgoing)
        return _record(active, response, AsyncReceived)

    async def aclose(self) -> None:
        """Close `inner`, and wait until everything is stored."""
        try:
            if self._inner is not None:
                await self._inner.aclose()
        finally:
            await self._close()

    async def _close(self) -> None:
        # The disk may take its time: other tasks go on, and being cancelled loses nothing.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._recorder.settle)
        self._recorder.warn()


def _outgoing(request: Any, trace: Callable[[str, Any], Any]) -> Any:  # noqa: ANN401
    """The request to send: a copy, since the program may send its own a second time."""
    outgoing = copy(request)
    # What copying leaves out.
    outgoing.stream = request.stream
    outgoing.extensions = {**request.extensions, "trace": trace}
    return outgoing


def _trace(request: Any, active: ActiveRecording) -> Callable[[str, Any], None]:  # noqa: ANN401
    """Tells the recording of httpcore's steps, and then whoever else wants to know."""
    others = request.extensions.get("trace")

    def trace(event: str, info: Any) -> None:  # noqa: ANN401
        active.trace(event)
        if others is not None:
            others(event, info)

    return trace


def _atrace(request: Any, active: ActiveRecording) -> Callable[[str, Any], Awaitable[None]]:  # noqa: ANN401
    """As `_trace`: an asynchronous httpcore wants a coroutine."""
    others = request.extensions.get("trace")

    async def trace(event: str, info: Any) -> None:  # noqa: ANN401
        active.trace(event)
        if others is not None:
            await others(event, info)

    return trace


def _record(
    active: ActiveRecording,
    response: Any,  # noqa: ANN401
    kind: type[Received | AsyncReceived],
) -> Any:  # noqa: ANN401
    """The same response, whose stream records itself while it is read."""
    headers = header_pairs(response.headers)
    active.respond(response.status_code, headers, response.http_version)
    if response.is_closed:
        # A mock's: the body is in memory, and nobody will ask the stream for it.
        for _ in received(response.stream, active):
            pass
    else:
        response.stream = kind(response.stream, active)
    return response
