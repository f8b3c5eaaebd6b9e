"""The replay server: recordings as the endpoint they were recorded from."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streamlab._http1 import Exchange, HttpRequest, Listener, same_origin_path
from streamlab.clock import Clock, Pacer, SystemClock
from streamlab.errors import InputError, NotFoundError
from streamlab.recording import Recording
from streamlab.redaction import redact_headers, redact_url
from streamlab.replay.answer import miss_answer, models_answer, unknown_answer
from streamlab.replay.asked import Asked
from streamlab.replay.control import Control
from streamlab.replay.hold import Hold, numbered
from streamlab.replay.key import wanted_name
from streamlab.replay.live import Live
from streamlab.replay.match import Catalog
from streamlab.replay.miss import Miss, explain
from streamlab.replay.perform import Performance
from streamlab.replay.script import Script, script
from streamlab.schedule import schedule

__all__ = ["Answered", "ReplayServer"]

_LATENESS_KEPT: Final = 1_000_000
_REQUESTS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer that is over; `to_the_end` is False if the client left before. `miss` says why no
    recording answered, where that is so."""

    asked: Asked
    to_the_end: bool
    miss: Miss | None = None


def _ignore(_: Answered) -> None:
    pass


class ReplayServer:
    """Serves recordings at `speed` (1 as recorded, 2 twice as fast, 0 without waiting).

    A `Catalog` of them says how a request finds its own. What `live` takes, it answers itself, and
    `on_answered` does not hear of it. `start` and `close` belong to one event loop; `serve` runs a
    server in a thread of its own. `lateness_ns` holds, for the latest million writes, actual minus
    scheduled time; `requests` what was asked lately, credentials redacted. Without `has_control`
    there is no control API.
    """

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        has_control: bool = True,
        live: Live | None = None,
        clock: Clock | None = None,
        on_answered: Callable[[Answered], None] = _ignore,
    ) -> None:
        if speed < 0:
            raise InputError(f"speed must be 0 or more, not {speed}", "0 means without waiting")
        self.catalog = recordings if isinstance(recordings, Catalog) else Catalog(recordings)
        self.clock: Clock = clock or SystemClock()
        self.pacer: Pacer
        self.lateness_ns: deque[int] = deque(maxlen=_LATENESS_KEPT)
        self.requests: deque[Asked] = deque(maxlen=_REQUESTS_KEPT)
        self._speed = speed
        self._live = live
        self._on_answered = on_answered
        self._scripts: dict[tuple[str, str], Script] = {}
        self._holds: list[tuple[str | None, Hold]] = []
        self._control = Control(self) if has_control else None
        self._listener = Listener(self._answer)
        self._loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """Where it listens, once it has started."""
        return self._listener.url

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one. NetworkError if the address cannot be had."""
        self._loop = asyncio.get_running_loop()
        self.pacer = self.clock.open_pacer()
        try:
            await self._listener.start(host, port)
        except BaseException:
            self.pacer.close()
            raise

    async def close(self) -> None:
        """Stop listening and end all connections, answers under way included."""
        await self._listener.close()
        if self._live is not None:
            await self._live.close()
        if self.url:
            self.pacer.close()

    def note_lateness_ns(self, lateness_ns: int) -> None:
        """See `perform.Stage`."""
        self.lateness_ns.append(lateness_ns)

    def hold(self, recording: str | None = None) -> Hold:
        """Hold back the next stream that is asked for (of the recording with that name or id)."""
        held = Hold(self._loop.call_soon_threadsafe)
        self._holds.append((recording, held))
        return held

    def _answer(self, request: HttpRequest, exchange: Exchange) -> None:
        target = same_origin_path(request.target)
        if self._control is not None and self._control.takes(target):
            self._control.answer(request, exchange)
            return
        asks_for = self._live.target(target) if self._live is not None else target
        key = self.catalog.key(request.method, asks_for, request.body)
        which = wanted_name(request.headers, key.model)
        if which is not None:
            self._answer_named(which, request, exchange, target)
            return
        recording = self.catalog.pick(key)
        if self._live is not None and self._live.answer(request, exchange, key, recording):
            self._note(request, target, None)
        elif recording is not None:
            self._replay(recording, request, exchange, target)
        else:
            self._substitute(request, exchange, asks_for)

    def _answer_named(
        self, which: str, request: HttpRequest, exchange: Exchange, target: str
    ) -> None:
        try:
            recording = self.catalog.named(which)
        except NotFoundError as error:
            asked = self._note(request, target, None)
            self._perform(unknown_answer(error), request, exchange, asked)
        else:
            self._replay(recording, request, exchange, target)

    def _replay(
        self, recording: Recording, request: HttpRequest, exchange: Exchange, target: str
    ) -> None:
        asked = self._note(request, target, recording)
        held = self._take_hold(recording)
        if held is None:
            answer = self._script(recording, request.http_version)
            self._perform(answer, request, exchange, asked)
            return
        timed, events = numbered(schedule(recording))
        held.begin(asked, events)
        answer = script(timed, http_version=request.http_version)
        self._perform(answer, request, exchange, asked, held=held)
        held.start()

    def _substitute(self, request: HttpRequest, exchange: Exchange, target: str) -> None:
        """Answer what no recording answers."""
        asked = self._note(request, target, None)
        if request.method == "GET" and target.partition("?")[0].endswith("/models"):
            self._perform(models_answer(self.catalog), request, exchange, asked)
            return
        miss = explain(self.catalog, request.method, target, request.body)
        self._perform(miss_answer(miss), request, exchange, asked, miss=miss)

    def _note(self, request: HttpRequest, target: str, recording: Recording | None) -> Asked:
        asked = Asked(
            method=request.method,
            target=redact_url(target),
            headers=redact_headers(request.headers),
            body=request.body,
            recording_id=recording.id if recording else "",
        )
        self.requests.append(asked)
        return asked

    def _perform(
        self,
        answer: Script,
        request: HttpRequest,
        exchange: Exchange,
        asked: Asked,
        *,
        held: Hold | None = None,
        miss: Miss | None = None,
    ) -> None:
        def done(to_the_end: bool) -> None:
            if held is not None:
                held.end()
            self._on_answered(Answered(asked=asked, to_the_end=to_the_end, miss=miss))

        stage = held or self
        performance = Performance(
            answer, exchange, stage, keep_alive=request.keeps_alive, on_done=done
        )
        performance.start()

    def _take_hold(self, recording: Recording) -> Hold | None:
        """The first hold that is meant for this recording, if there is one."""
        for index, (which, held) in enumerate(self._holds):
            if which in (None, recording.id, recording.name):
                del self._holds[index]
                return held
        return None

    def _script(self, recording: Recording, http_version: str) -> Script:
        key = (recording.id, http_version)
        if key not in self._scripts:
            timed = schedule(recording, speed=self._speed)
            self._scripts[key] = script(timed, http_version=http_version)
        return self._scripts[key]
