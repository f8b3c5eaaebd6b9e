"""The replay server: recordings as the endpoint they were recorded from."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from streamlab._http1 import Exchange, HttpRequest, Listener, same_origin_path
from streamlab.clock import Clock, Pacer, SystemClock
from streamlab.errors import InputError
from streamlab.fault import Fault, parse_faults
from streamlab.recording import Recording
from streamlab.redaction import redact_headers, redact_url
from streamlab.replay.answer import error_response, find, substitute
from streamlab.replay.asked import Asked
from streamlab.replay.control import Control
from streamlab.replay.fault_plan import Blow, FaultPlan, broken
from streamlab.replay.hold import Hold, numbered
from streamlab.replay.key import RequestKey, wanted_name
from streamlab.replay.live import Live
from streamlab.replay.match import Catalog, catalog_of
from streamlab.replay.miss import Miss
from streamlab.replay.perform import Performance
from streamlab.replay.script import Script, script
from streamlab.schedule import schedule

__all__ = ["Answered", "ReplayServer"]

_LATENESS_KEPT: Final = 1_000_000
_REQUESTS_KEPT: Final = 10_000

_FAULT_HEADER: Final = "X-Streamlab-Fault"


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

    A `Catalog` of them says how a request finds its own. What `live` takes it answers itself, and
    `on_answered` does not hear of it. `start` and `close` belong to one event loop; `serve` runs a
    server in a thread of its own. `lateness_ns` holds, for the latest million writes, actual minus
    scheduled time; `requests` what was asked lately, credentials redacted. `faults`
    (docs/faults.md) break answers of recordings on purpose, in their order. Without `has_control`
    there is no control API, and a client's request for a fault means nothing.
    """

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        has_control: bool = True,
        live: Live | None = None,
        clock: Clock | None = None,
        on_answered: Callable[[Answered], None] = _ignore,
    ) -> None:
        if speed < 0:
            raise InputError(f"speed must be 0 or more, not {speed}", "0 means without waiting")
        self.catalog = catalog_of(recordings)
        self.clock: Clock = clock or SystemClock()
        self.pacer: Pacer
        self.lateness_ns: deque[int] = deque(maxlen=_LATENESS_KEPT)
        self.requests: deque[Asked] = deque(maxlen=_REQUESTS_KEPT)
        self._speed = speed
        self._live = live
        self._on_answered = on_answered
        self._scripts: dict[tuple[str, str], Script] = {}
        self._holds: list[tuple[str | None, Hold]] = []
        self.fault_plan = FaultPlan(faults)
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

    def fault(self, fault: str | Fault) -> Fault:
        """From now on this fault, too, breaks answers. InputError if it is no fault."""
        return self.fault_plan.add(fault)

    def heal(self) -> None:
        """No fault breaks answers any more, but those that clients ask for, counted anew."""
        self.fault_plan.clear()

    def _answer(self, request: HttpRequest, exchange: Exchange) -> None:
        target = same_origin_path(request.target)
        if self._control is not None and self._control.takes(target):
            self._control.answer(request, exchange)
            return
        try:
            wanted = self._wanted_faults(request)
        except InputError as error:
            message = f"{_FAULT_HEADER}: {error.message} ({error.hint})"
            exchange.send_raw(error_response(400, message, "streamlab_fault_error"))
            exchange.finish(keep_alive=request.keeps_alive)
            return
        asks_for = self._live.target(target) if self._live is not None else target
        key = self.catalog.key(request.method, asks_for, request.body)
        recording = find(self.catalog, key, request.headers)
        if self._is_live(request, exchange, key, recording):
            self._note(request, target)
            return
        miss = None
        if recording is None:
            recording, miss = substitute(self.catalog, request.method, asks_for, request.body)
        blows = self.fault_plan.blows(recording, wanted) if recording.id else []
        asked = self._note(request, target, recording, blows)
        held = self._take_hold(recording) if recording.id else None
        if held is None:
            answer = self._script(recording, request.http_version, blows)
        else:
            timed, events = numbered(broken(schedule(recording), blows))
            held.begin(asked, events)
            answer = script(timed, http_version=request.http_version)

        def done(to_the_end: bool) -> None:
            if held is not None:
                held.end()
            self._on_answered(Answered(asked=asked, to_the_end=to_the_end, miss=miss))

        stage = held or self
        performance = Performance(
            answer, exchange, stage, keep_alive=request.keeps_alive, on_done=done
        )
        performance.start()
        if held is not None:
            held.start()

    def _is_live(
        self,
        request: HttpRequest,
        exchange: Exchange,
        key: RequestKey,
        recording: Recording | None,
    ) -> bool:
        """Whether the real API answers, which it does for no request that names its recording."""
        if self._live is None or wanted_name(request.headers, key.model) is not None:
            return False
        return self._live.answer(request, exchange, key, recording)

    def _note(
        self,
        request: HttpRequest,
        target: str,
        recording: Recording | None = None,
        blows: Sequence[Blow] = (),
    ) -> Asked:
        asked = Asked(
            method=request.method,
            target=redact_url(target),
            headers=redact_headers(request.headers),
            body=request.body,
            recording_id=recording.id if recording else "",
            faults=tuple(str(blow.fault) for blow in blows),
        )
        self.requests.append(asked)
        return asked

    def _wanted_faults(self, request: HttpRequest) -> Sequence[Fault]:
        """What the client asks to be broken. InputError if it is no fault."""
        if self._control is None:
            return ()
        name = _FAULT_HEADER.lower()
        return parse_faults(";".join(v for n, v in request.headers if n.lower() == name))

    def _take_hold(self, recording: Recording) -> Hold | None:
        """The first hold that is meant for this recording, if there is one."""
        for index, (which, held) in enumerate(self._holds):
            if which in (None, recording.id, recording.name):
                del self._holds[index]
                return held
        return None

    def _script(self, recording: Recording, http_version: str, blows: Sequence[Blow]) -> Script:
        if blows or not recording.id:
            timed = broken(schedule(recording, speed=self._speed), blows)
            return script(timed, http_version=http_version)
        key = (recording.id, http_version)
        if key not in self._scripts:
            timed = schedule(recording, speed=self._speed)
            self._scripts[key] = script(timed, http_version=http_version)
        return self._scripts[key]
