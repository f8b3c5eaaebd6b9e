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
from streamlab.recording import Recording
from streamlab.redaction import redact_headers, redact_url
from streamlab.replay.asked import Asked
from streamlab.replay.control import Control
from streamlab.replay.cors import is_preflight
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer that is over; `to_the_end` is False if the client left before."""

    asked: Asked
    outcome: Outcome
    to_the_end: bool


def _ignore(_: Answered) -> None:
    pass


class ReplayServer:
    """Serves recordings at `speed` (1 as recorded, 2 twice as fast, 0 without waiting).

    `start` and `close` belong to one event loop; `serve` runs a server in a thread of its own.
    `lateness_ns` holds, for the latest million writes, actual minus scheduled time; `requests` what
    was asked lately, credentials redacted. Without `has_control` there is no control API. With an
    `api_key`, which must be visible ASCII, requests without it get a 401.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        speed: float = 1.0,
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

    def _answer(self, request: HttpRequest, exchange: Exchange) -> None:
        target = same_origin_path(request.target)
        if self._control is not None and self._control.takes(target):
            self._control.answer(request, exchange)
            return
        recording = self._pick(request, target)
        asked = Asked(
            method=request.method,
            target=redact_url(target),
            headers=redact_headers(request.headers),
            body=request.body,
            recording_id=recording.id if recording else "",
        )
        self.requests.append(asked)
        held = self._take_hold(recording) if recording and request.method != "HEAD" else None
        outcome: Outcome = "replayed"
        if recording is None:
            answer, outcome = self._substitute(request, target)
        elif held is None:
            answer = self._script(recording, request)
        else:
            form = asked_form(recording, request.body)
            timed, events = numbered(schedule(in_form(recording, form)))
            held.begin(asked, events)
            answer = script(timed, http_version=request.http_version)
        answer = fitted(answer, request)

        def done(to_the_end: bool) -> None:
            if held is not None:
                held.end()
            self._on_answered(Answered(asked=asked, outcome=outcome, to_the_end=to_the_end))

        stage = held or self
        performance = Performance(
            answer, exchange, stage, keep_alive=request.keeps_alive, on_done=done
        )
        performance.start()
        if held is not None:
            held.start()

    def _pick(self, request: HttpRequest, target: str) -> Recording | None:
        """The recording that answers. To ask for a head alone is no request for a stream: it does
        not count as one."""
        if self._refuses(request):
            return None
        picked = self.catalog.pick(request.method, target, request.body)
        if picked is None and request.method == "HEAD":
            return self.catalog.peek("GET", target) or self.catalog.peek("POST", target)
        return picked

    def _refuses(self, request: HttpRequest) -> bool:
        return not (is_preflight(request) or self._key_check.passes(request.headers))

    def _take_hold(self, recording: Recording) -> Hold | None:
        """The first hold that is meant for this recording, if there is one."""
        for index, (which, held) in enumerate(self._holds):
            if which in (None, recording.id, recording.name):
                del self._holds[index]
                return held
        return None

    def _substitute(self, request: HttpRequest, target: str) -> tuple[Script, Outcome]:
        """The answer to what no recording answers."""
        if self._refuses(request):
            return refusal(target), "refused"
        return substitute(self.catalog, request, target)

    def _script(self, recording: Recording, request: HttpRequest) -> Script:
        form = asked_form(recording, request.body)
        key = (recording.id, request.http_version, form)
        if key not in self._scripts:
            timed = schedule(in_form(recording, form), speed=self._speed)
            self._scripts[key] = script(timed, http_version=request.http_version)
        return self._scripts[key]
