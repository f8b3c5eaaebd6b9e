"""The replay server: recordings as the endpoint they were recorded from."""

import asyncio
import ssl
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
from streamlab.replay.asked import Asked
from streamlab.replay.control import Control
from streamlab.replay.cors import is_preflight, preflight_answer
from streamlab.replay.fault_plan import Blow, FaultPlan, broken
from streamlab.replay.fit import fitted
from streamlab.replay.hold import Hold, numbered
from streamlab.replay.key import RequestKey, wanted_name
from streamlab.replay.keys import KeyCheck
from streamlab.replay.live import Live
from streamlab.replay.match import Catalog, catalog_of
from streamlab.replay.miss import Miss
from streamlab.replay.perform import Performance
from streamlab.replay.script import Script, script
from streamlab.replay.substitute import Answer, Outcome, find, no_fault, refusal, substitute
from streamlab.replay.whole import Form, in_form
from streamlab.schedule import schedule

__all__ = ["Answered", "ReplayServer"]

_LATENESS_KEPT: Final = 1_000_000
_REQUESTS_KEPT: Final = 10_000

_FAULT_HEADER: Final = "x-streamlab-fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer that is over; `to_the_end` is False if the client left before. `miss` says why no
    recording answered, where that is so."""

    asked: Asked
    outcome: Outcome
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
    there is no control API, and a client's request for a fault means nothing. With an `api_key`,
    which must be visible ASCII, requests without it get a 401.
    """

    def __init__(  # noqa: PLR0913 - what a server can be asked for
        self,
        recordings: Sequence[Recording] | Catalog,
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        has_control: bool = True,
        api_key: str | None = None,
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
        self._key_check = KeyCheck(api_key)
        self._scripts: dict[tuple[str, str, Form], Script] = {}
        self._holds: list[tuple[str | None, Hold]] = []
        self.fault_plan = FaultPlan(faults)
        self._control = Control(self) if has_control else None
        self._listener = Listener(self._answer)
        self._loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """Where it listens, once it has started."""
        return self._listener.url

    async def start(
        self, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        """Listen; port 0 takes a free one. NetworkError if the address cannot be had."""
        self._loop = asyncio.get_running_loop()
        self.pacer = self.clock.open_pacer()
        try:
            await self._listener.start(host, port, tls)
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
        answer = self._choose(request, exchange, target)
        if answer is None:
            self._note(request, target)
            return
        blows = self._blows(answer, request)
        asked = self._note(request, target, answer, blows)
        held = self._take_hold(answer, request)
        form = answer.form(request.body)
        if held is None:
            performed = self._script(answer.recording, form, request.http_version, blows)
        else:
            timed, events = numbered(broken(schedule(in_form(answer.recording, form)), blows))
            held.begin(asked, events)
            performed = script(timed, http_version=request.http_version)

        def done(to_the_end: bool) -> None:
            if held is not None:
                held.end()
            self._on_answered(
                Answered(
                    asked=asked, outcome=answer.outcome, to_the_end=to_the_end, miss=answer.miss
                )
            )

        fit = fitted(performed, request)
        keep_alive = request.keeps_alive
        Performance(fit, exchange, held or self, keep_alive=keep_alive, on_done=done).start()
        if held is not None:
            held.start()

    def _choose(self, request: HttpRequest, exchange: Exchange, target: str) -> Answer | None:
        """What answers this request; None if the real API does. Asking counts."""
        if not (is_preflight(request) or self._key_check.passes(request.headers)):
            return refusal(target)
        try:
            self._wanted_faults(request)
        except InputError as error:
            return no_fault(error)
        asks_for = self._live.target(target) if self._live is not None else target
        key = self.catalog.key(request.method, asks_for, request.body)
        answer = find(self.catalog, key, request.headers)
        recorded = answer.recording if answer and answer.outcome == "replayed" else None
        if self._is_live(request, exchange, key, recorded):
            return None
        if answer is None and request.method == "HEAD":
            answer = self._head_of(asks_for)
        if answer is None and is_preflight(request):
            return Answer(recording=preflight_answer(request), outcome="made")
        return answer or substitute(self.catalog, request.method, asks_for, request.body)

    def _head_of(self, target: str) -> Answer | None:
        """The recording of another method whose head is asked for: that takes nobody's turn."""
        for method in ("GET", "POST"):
            key = self.catalog.key(method, target, b"")
            recording = self.catalog.peek(key)
            if recording is not None:
                return Answer(recording=recording, path=key.route.path)
        return None

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
        answer: Answer | None = None,
        blows: Sequence[Blow] = (),
    ) -> Asked:
        asked = Asked(
            method=request.method,
            target=redact_url(target),
            headers=redact_headers(request.headers),
            body=request.body,
            recording_id=answer.recording.id if answer else "",
            faults=tuple(str(blow.fault) for blow in blows),
        )
        self.requests.append(asked)
        return asked

    def _wanted_faults(self, request: HttpRequest) -> Sequence[Fault]:
        """What the client asks to be broken. InputError if it is no fault."""
        if self._control is None:
            return ()
        asked = [value for name, value in request.headers if name.lower() == _FAULT_HEADER]
        return parse_faults(";".join(asked)) if asked else ()

    def _blows(self, answer: Answer, request: HttpRequest) -> Sequence[Blow]:
        """What breaks this answer; a head alone has nothing that could be."""
        if answer.outcome != "replayed" or request.method == "HEAD":
            return ()
        return self.fault_plan.blows(answer.recording, self._wanted_faults(request))

    def _take_hold(self, answer: Answer, request: HttpRequest) -> Hold | None:
        """The first hold that is meant for this answer, if there is one."""
        if answer.outcome != "replayed" or request.method == "HEAD":
            return None
        for index, (which, held) in enumerate(self._holds):
            if which in (None, answer.recording.id, answer.recording.name):
                del self._holds[index]
                return held
        return None

    def _script(
        self, answer: Recording, form: Form, http_version: str, blows: Sequence[Blow]
    ) -> Script:
        """The frames of an answer; those of a recording that nothing breaks are made once."""
        key = (answer.id, http_version, form)
        if key in self._scripts and not blows:
            return self._scripts[key]
        timed = broken(schedule(in_form(answer, form), speed=self._speed), blows)
        made = script(timed, http_version=http_version)
        if answer.id and not blows:
            self._scripts[key] = made
        return made
