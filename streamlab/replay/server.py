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
from streamlab.replay.answer import json_answer
from streamlab.replay.asked import Asked
from streamlab.replay.control import Control
from streamlab.replay.cors import is_preflight, preflight_answer
from streamlab.replay.fault_plan import Blow, FaultPlan, broken
from streamlab.replay.fit import fitted
from streamlab.replay.hold import Hold, numbered
from streamlab.replay.keys import KeyCheck
from streamlab.replay.match import Catalog
from streamlab.replay.perform import Performance
from streamlab.replay.script import Script, script
from streamlab.replay.substitute import Outcome, refusal, substitute
from streamlab.replay.whole import Form, asked_form, in_form
from streamlab.schedule import schedule

__all__ = ["Answered", "ReplayServer"]

_LATENESS_KEPT: Final = 1_000_000
_REQUESTS_KEPT: Final = 10_000

_FAULT_HEADER: Final = "X-Streamlab-Fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer that is over; `to_the_end` is False if the client left before."""

    asked: Asked
    outcome: Outcome
    to_the_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """What answers a request: a recording, or what is made up in the form of one."""

    answer: Recording
    outcome: Outcome = "replayed"
    blows: Sequence[Blow] = ()


def _ignore(_: Answered) -> None:
    pass


class ReplayServer:
    """Serves recordings at `speed` (1 as recorded, 2 twice as fast, 0 without waiting).

    `start` and `close` belong to one event loop; `serve` runs a server in a thread of its own.
    `lateness_ns` holds, for the latest million writes, actual minus scheduled time; `requests` what
    was asked lately, credentials redacted. `faults` (docs/faults.md) break answers on purpose, in
    their order. Without `has_control` there is no control API, and a client's request for a fault
    means nothing. With an `api_key`, which must be visible ASCII, requests without it get a 401.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        speed: float = 1.0,
        faults: Sequence[str | Fault] = (),
        has_control: bool = True,
        api_key: str | None = None,
        clock: Clock | None = None,
        on_answered: Callable[[Answered], None] = _ignore,
    ) -> None:
        if speed < 0:
            raise InputError(f"speed must be 0 or more, not {speed}", "0 means without waiting")
        self.catalog = Catalog(recordings)
        self.clock: Clock = clock or SystemClock()
        self.pacer: Pacer
        self.lateness_ns: deque[int] = deque(maxlen=_LATENESS_KEPT)
        self.requests: deque[Asked] = deque(maxlen=_REQUESTS_KEPT)
        self._speed = speed
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
        choice = self._choose(request, target)
        asked = Asked(
            method=request.method,
            target=redact_url(target),
            headers=redact_headers(request.headers),
            body=request.body,
            recording_id=choice.answer.id,
            faults=tuple(str(blow.fault) for blow in choice.blows),
        )
        self.requests.append(asked)
        held = self._take_hold(choice, request)
        if held is None:
            answer = self._script(choice, request)
        else:
            timed, events = numbered(broken(schedule(_in_form(choice, request)), choice.blows))
            held.begin(asked, events)
            answer = script(timed, http_version=request.http_version)

        def done(to_the_end: bool) -> None:
            if held is not None:
                held.end()
            over = Answered(asked=asked, outcome=choice.outcome, to_the_end=to_the_end)
            self._on_answered(over)

        fit = fitted(answer, request)
        keep_alive = request.keeps_alive
        Performance(fit, exchange, held or self, keep_alive=keep_alive, on_done=done).start()
        if held is not None:
            held.start()

    def _choose(self, request: HttpRequest, target: str) -> _Choice:
        """What answers this request; asking counts."""
        if not (is_preflight(request) or self._key_check.passes(request.headers)):
            return _Choice(answer=refusal(target), outcome="refused")
        try:
            wanted = self._wanted_faults(request)
        except InputError as error:
            return _Choice(answer=_no_fault(error), outcome="refused")
        recording = self._pick(request, target)
        if recording is not None and request.method == "HEAD":
            return _Choice(answer=recording)
        if recording is not None:
            return _Choice(answer=recording, blows=self.fault_plan.blows(recording, wanted))
        if is_preflight(request):
            return _Choice(answer=preflight_answer(request), outcome="made")
        answer, outcome = substitute(self.catalog, request.method, target)
        return _Choice(answer=answer, outcome=outcome)

    def _pick(self, request: HttpRequest, target: str) -> Recording | None:
        """The recording that answers. To ask for a head alone is no request for a stream: it does
        not count as one."""
        picked = self.catalog.pick(request.method, target, request.body)
        if picked is None and request.method == "HEAD":
            return self.catalog.peek("GET", target) or self.catalog.peek("POST", target)
        return picked

    def _wanted_faults(self, request: HttpRequest) -> Sequence[Fault]:
        """What the client asks to be broken. InputError if it is no fault."""
        if self._control is None:
            return ()
        name = _FAULT_HEADER.lower()
        return parse_faults(";".join(v for n, v in request.headers if n.lower() == name))

    def _take_hold(self, choice: _Choice, request: HttpRequest) -> Hold | None:
        """The first hold that is meant for this answer, if there is one."""
        if choice.outcome != "replayed" or request.method == "HEAD":
            return None
        for index, (which, held) in enumerate(self._holds):
            if which in (None, choice.answer.id, choice.answer.name):
                del self._holds[index]
                return held
        return None

    def _script(self, choice: _Choice, request: HttpRequest) -> Script:
        """The frames of an answer; those of a recording that nothing breaks are made once."""
        form = asked_form(choice.answer, request.body)
        key = (choice.answer.id, request.http_version, form)
        if key in self._scripts and not choice.blows:
            return self._scripts[key]
        timed = broken(schedule(_in_form(choice, request), speed=self._speed), choice.blows)
        made = script(timed, http_version=request.http_version)
        if choice.outcome == "replayed" and not choice.blows:
            self._scripts[key] = made
        return made


def _in_form(choice: _Choice, request: HttpRequest) -> Recording:
    """The answer in the form that the request asks for."""
    return in_form(choice.answer, asked_form(choice.answer, request.body))


def _no_fault(error: InputError) -> Recording:
    """400 in the OpenAI API's error shape: a client asks for a fault that there is not."""
    message = f"{_FAULT_HEADER}: {error.message} ({error.hint})"
    shown = {"message": message, "type": "streamlab_fault_error", "code": None, "param": None}
    return json_answer(400, {"error": shown})
