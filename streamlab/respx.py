"""Recordings as the answers of a mock: on a router of respx, or in a `MockTransport`.

respx patches httpx alone. What stands on httpx2, as the SDKs of OpenAI and Anthropic do, is given a
transport: `httpx2.MockTransport(Streams(recordings))`, or a `streamlab.ReplayTransport`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from streamlab.clock import ManualClock
from streamlab.fault import Fault
from streamlab.recording import Recording
from streamlab.replay.match import Catalog
from streamlab.replay.replayer import Replayer, Replaying, response
from streamlab.replay.transport import EitherBody

if TYPE_CHECKING:
    import respx

__all__ = ["Streams", "mount"]


class Streams(Replaying):
    """Answers a request of httpx or httpx2 with a recording, as a `ReplayTransport` does: the same
    reads, the same exceptions. respx calls that a side effect, `MockTransport` a handler.

    Times are those of `clock`. It is a manual one, since a mock is not told whether its client is
    asynchronous, and must not block an event loop.
    """

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        clock: ManualClock | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self._replayer = Replayer(recordings, speed, self.clock, faults)

    def has_route(self, request: Any) -> bool:  # noqa: ANN401 - of httpx or httpx2
        """Whether any recording is of the request's method and path, or of its counterpart."""
        catalog = self._replayer.catalog
        key = catalog.key(request.method, str(request.url), request.content)
        return bool(catalog.on_route(key.route))

    def __call__(self, request: Any) -> Any:  # noqa: ANN401 - as above, and its response
        """The response, whose body comes read by read."""
        playback = self._replayer.answer(request, request.content, self.clock.now_ns())
        body = EitherBody(playback, self.clock)
        body.meet(playback.head or playback.ending)
        return response(playback, body)


def mount(
    router: "respx.Router",
    recordings: Sequence[Recording] | Catalog,
    *,
    speed: float = 1.0,
    faults: Sequence[str | Fault] = (),
    clock: ManualClock | None = None,
) -> Streams:
    """Let a router of respx answer with recordings what has the method and the path of one, or of
    its counterpart (docs/replay.md, "Not streamed").

    Other requests go on to its other routes. The options are those of `Streams`.
    """
    streams = Streams(recordings, speed=speed, faults=faults, clock=clock)

    def replay(request: Any) -> Any:  # noqa: ANN401
        return streams(request) if streams.has_route(request) else None

    router.route().mock(side_effect=replay)
    return streams
