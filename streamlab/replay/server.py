"""The replay server: recordings as the endpoint they were recorded from."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streamlab._http1 import Exchange, HttpRequest, Listener, same_origin_path
from streamlab.clock import Clock, Pacer, SystemClock
from streamlab.errors import InputError
from streamlab.recording import Recording
from streamlab.replay.answer import miss_answer, models_answer
from streamlab.replay.match import Catalog
from streamlab.replay.perform import Performance
from streamlab.replay.script import Script, script
from streamlab.schedule import schedule

__all__ = ["Answered", "ReplayServer"]

_LATENESS_KEPT: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer that is over. `recording_id` is "" where no recording answered; `to_the_end` is
    False if the client left before."""

    method: str
    target: str
    recording_id: str
    to_the_end: bool


def _ignore(_: Answered) -> None:
    pass


class ReplayServer:
    """Serves recordings at `speed` (1 as recorded, 2 twice as fast, 0 without waiting).

    `start` and `close` belong to one event loop; `serve` runs a server in a thread of its own.
    `lateness_ns` holds, for the latest million writes, actual minus scheduled time.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        speed: float = 1.0,
        clock: Clock | None = None,
        on_answered: Callable[[Answered], None] = _ignore,
    ) -> None:
        if speed < 0:
            raise InputError(f"speed must be 0 or more, not {speed}", "0 means without waiting")
        self.catalog = Catalog(recordings)
        self.clock: Clock = clock or SystemClock()
        self.pacer: Pacer
        self.lateness_ns: deque[int] = deque(maxlen=_LATENESS_KEPT)
        self._speed = speed
        self._on_answered = on_answered
        self._scripts: dict[tuple[str, str], Script] = {}
        self._listener = Listener(self._answer)

    @property
    def url(self) -> str:
        """Where it listens, once it has started."""
        return self._listener.url

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one. NetworkError if the address cannot be had."""
        self.pacer = self.clock.open_pacer()
        try:
            await self._listener.start(host, port)
        except BaseException:
            self.pacer.close()
            raise

    async def close(self) -> None:
        """Stop listening and end all connections, answers under way included."""
        await self._listener.close()
        if self.url:
            self.pacer.close()

    def note_lateness_ns(self, lateness_ns: int) -> None:
        """See `perform.Stage`."""
        self.lateness_ns.append(lateness_ns)

    def _answer(self, request: HttpRequest, exchange: Exchange) -> None:
        target = same_origin_path(request.target)
        chosen = self._choose(request, target)

        def done(to_the_end: bool) -> None:
            answered = Answered(
                method=request.method,
                target=target,
                recording_id=chosen.recording_id,
                to_the_end=to_the_end,
            )
            self._on_answered(answered)

        keep_alive = request.keeps_alive
        Performance(chosen, exchange, self, keep_alive=keep_alive, on_done=done).start()

    def _choose(self, request: HttpRequest, target: str) -> Script:
        recording = self.catalog.pick(request.method, target, request.body)
        if recording is not None:
            return self._script(recording, request.http_version)
        if request.method == "GET" and target.partition("?")[0].endswith("/models"):
            return models_answer(self.catalog)
        return miss_answer(self.catalog, request.method, target)

    def _script(self, recording: Recording, http_version: str) -> Script:
        key = (recording.id, http_version)
        if key not in self._scripts:
            timed = schedule(recording, speed=self._speed)
            self._scripts[key] = script(timed, http_version=http_version)
        return self._scripts[key]
