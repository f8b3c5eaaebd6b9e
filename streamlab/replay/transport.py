"""Transports for httpx and httpx2 that answer with recordings, in the program itself: no sockets.

Each of those below is a transport of both libraries, as those that record are.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, overload
from weakref import WeakSet

import anyio

from streamlab.clock import Clock
from streamlab.fault import Fault
from streamlab.http_libraries import AsyncStream, AsyncTransport, SyncStream, SyncTransport
from streamlab.recording import Recording
from streamlab.replay.match import Catalog
from streamlab.replay.playback import Playback
from streamlab.replay.replayer import Replayer, Replaying, response
from streamlab.schedule import Action

if TYPE_CHECKING:
    import httpx
    import httpx2

__all__ = ["AsyncReplayTransport", "EitherBody", "EitherReplayTransport", "ReplayTransport"]


class _Body(SyncStream):
    """The body of a response: each read at its time, then how it ended."""

    def __init__(self, playback: Playback, clock: Clock) -> None:
        self._playback = playback
        self._clock = clock
        self._closed = Event()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._playback.body:
            self.meet(piece)
            yield piece.data
        self.meet(self._playback.ending)

    def meet(self, action: Action) -> None:
        """Wait for it; raises what a client meets there."""
        until_ns, error = self._playback.meet(action, self._clock.now_ns())
        self._clock.wait_until_ns(until_ns, unless=self._closed)
        if self._closed.is_set():
            raise self._playback.closed()
        if error is not None:
            raise error

    def close(self) -> None:
        """End the waiting of another thread, too."""
        self._closed.set()


class ReplayTransport(Replaying, SyncTransport):
    """Answers requests with recordings, at `speed` (1 as recorded, 2 twice as fast, 0 without
    waiting), as `ReplayServer` would: each read at its time as a piece of its own, the same end.

    Where the recording was cut, reset or silent, the exception is raised that the client's own
    library raises for it. `faults` (docs/faults.md) break answers on purpose, in their order. The
    request's read timeout holds, and times are those of `clock`: with a `ManualClock` nothing is
    waited for. It may be used by many threads. InputError if `speed` is negative, for what is no
    fault, and for a stream that hangs if the request has no read timeout and the clock is a manual
    one.
    """

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        clock: Clock | None = None,
    ) -> None:
        self._replayer = Replayer(recordings, speed, clock, faults)
        self._bodies: WeakSet[_Body] = WeakSet()
        self._lock = Lock()

    @overload
    def handle_request(self, request: "httpx.Request") -> "httpx.Response": ...
    @overload
    def handle_request(self, request: "httpx2.Request") -> "httpx2.Response": ...
    def handle_request(self, request: Any) -> Any:
        """The response, once its head is due."""
        clock = self._replayer.clock
        t0_ns = clock.now_ns()
        playback = self._replayer.answer(request, b"".join(request.stream), t0_ns)
        body = _Body(playback, clock)
        with self._lock:
            self._bodies.add(body)
        body.meet(playback.head or playback.ending)
        return response(playback, body)

    def close(self) -> None:
        """End what is under way, in other threads, too."""
        with self._lock:
            bodies = list(self._bodies)
        for body in bodies:
            body.close()


class _AsyncBody(AsyncStream):
    """As `_Body`."""

    def __init__(self, playback: Playback, clock: Clock) -> None:
        self._playback = playback
        self._clock = clock
        self._is_closed = False
        self._waiting: anyio.CancelScope | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._playback.body:
            await self.meet(piece)
            yield piece.data
        await self.meet(self._playback.ending)

    async def meet(self, action: Action) -> None:
        """See `_Body`."""
        until_ns, error = self._playback.meet(action, self._clock.now_ns())
        if not self._is_closed:
            with anyio.CancelScope() as self._waiting:
                await self._clock.await_until_ns(until_ns)
        if self._is_closed:
            raise self._playback.closed()
        if error is not None:
            raise error

    async def aclose(self) -> None:
        """End the waiting of another task, too."""
        self._is_closed = True
        if self._waiting is not None:
            self._waiting.cancel()


class AsyncReplayTransport(Replaying, AsyncTransport):
    """As `ReplayTransport`, for `AsyncClient`, on asyncio or trio."""

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        clock: Clock | None = None,
    ) -> None:
        self._replayer = Replayer(recordings, speed, clock, faults)
        self._async_bodies: WeakSet[_AsyncBody] = WeakSet()

    @overload
    async def handle_async_request(self, request: "httpx.Request") -> "httpx.Response": ...
    @overload
    async def handle_async_request(self, request: "httpx2.Request") -> "httpx2.Response": ...
    async def handle_async_request(self, request: Any) -> Any:
        """The response, once its head is due."""
        clock = self._replayer.clock
        t0_ns = clock.now_ns()
        asked = b"".join([piece async for piece in request.stream])
        playback = self._replayer.answer(request, asked, t0_ns)
        body = _AsyncBody(playback, clock)
        self._async_bodies.add(body)
        await body.meet(playback.head or playback.ending)
        return response(playback, body)

    async def aclose(self) -> None:
        """End what is under way, in other tasks, too."""
        for body in list(self._async_bodies):
            await body.aclose()


class EitherBody(SyncStream, AsyncStream):
    """The body of a response that a client of either kind may read, whose head was met."""

    def __init__(self, playback: Playback, clock: Clock) -> None:
        self._body = _Body(playback, clock)
        self._async_body = _AsyncBody(playback, clock)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._async_body.__aiter__()

    def meet(self, action: Action) -> None:
        """See `_Body`."""
        self._body.meet(action)

    def close(self) -> None:
        """See `_Body`."""
        self._body.close()

    async def aclose(self) -> None:
        """See `_AsyncBody`."""
        await self._async_body.aclose()


class EitherReplayTransport(ReplayTransport, AsyncReplayTransport):
    """Both at once, for a program that has clients of both kinds: one catalog answers them, and
    `requests` has what either asked."""

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        clock: Clock | None = None,
    ) -> None:
        super().__init__(recordings, speed=speed, faults=faults, clock=clock)
        self._async_bodies = WeakSet()

    @property
    def clock(self) -> Clock:
        """The clock that its streams go by."""
        return self._replayer.clock
