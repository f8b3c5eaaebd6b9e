"""The control API: what a test in any language can ask a replay server, and tell it.

All of it lies under /__streamlab/ (docs/replay.md lists it). It is meant for programs and not for
web pages: a request that a page of another origin has sent is refused, and so is one whose Host is
a name, which somebody's DNS may point here (DNS rebinding). Errors come in the OpenAI API's shape.
"""

import ipaddress
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from streamlab._http1 import (
    Exchange,
    HttpRequest,
    error_response,
    json_response,
    same_origin_path,
)
from streamlab.clock import Clock, Pacer
from streamlab.errors import InputError
from streamlab.recording import header_value
from streamlab.replay.asked import Asked
from streamlab.replay.fault_plan import FaultPlan
from streamlab.replay.hold import Hold

__all__ = ["Control", "Controlled"]

_PREFIX: Final = "/__streamlab/"
_PATIENCE_S: Final = 10.0
_LONGEST_S: Final = 600.0
_NS_PER_S: Final = 1_000_000_000


class Controlled(Protocol):
    """What the control API needs of a server."""

    clock: Clock
    pacer: Pacer
    requests: deque[Asked]
    lateness_ns: deque[int]
    fault_plan: FaultPlan

    def hold(self, recording: str | None = None) -> Hold:
        """Hold the next stream (of that recording)."""


class _RefusedError(Exception):
    """A request that cannot be done: the status and a sentence that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Control:
    """Answers what is asked under /__streamlab/."""

    def __init__(self, server: Controlled) -> None:
        self._server = server
        self._holds: dict[str, Hold] = {}

    def takes(self, target: str) -> bool:
        """Whether a request target is one of the control API's."""
        return f"{target.partition('?')[0]}/".startswith(_PREFIX)

    def answer(self, request: HttpRequest, exchange: Exchange) -> None:
        """Answer a request that `takes` has claimed."""
        try:
            _refuse_foreigners(request)
            content = self._do(request, exchange)
        except _RefusedError as refused:
            kind = "streamlab_control_error"
            _send(request, exchange, error_response(refused.status, refused.message, kind))
        else:
            if content is not None:
                _send(request, exchange, json_response(200, content))

    def _do(  # noqa: PLR0911 - each route has its return
        self, request: HttpRequest, exchange: Exchange
    ) -> object | None:
        """What to answer; None if the answer comes later."""
        parts = urlsplit(same_origin_path(request.target))
        server = self._server
        match (request.method, *parts.path[len(_PREFIX) :].split("/")):
            case ("GET", "fidelity"):
                return fidelity(tuple(server.lateness_ns))
            case ("GET", "requests"):
                return [_shown(asked) for asked in server.requests]
            case ("DELETE", "requests"):
                server.requests.clear()
                return {}
            case ("GET", "faults"):
                return _faults(server.fault_plan)
            case ("POST", "faults"):
                return _add_fault(server.fault_plan, _options(request))
            case ("DELETE", "faults"):
                server.fault_plan.clear()
                return {}
            case ("POST", "holds"):
                return self._add_hold(_options(request))
            case ("GET", "holds", name):
                wanted = _wanted(dict(parse_qsl(parts.query, keep_blank_values=True)))
                return self._watch(self._hold(name), wanted, request, exchange)
            case ("POST", "holds", name, "release"):
                return _release(self._hold(name), _options(request))
            case _:
                asked = f"{request.method} {parts.path}"
                raise _RefusedError(404, f"the control API has no {asked}: see docs/replay.md")

    def _add_hold(self, options: dict[str, Any]) -> dict[str, str]:
        recording = options.get("recording")
        if recording is not None and not isinstance(recording, str):
            raise _RefusedError(400, "recording is the name or id of a recording")
        name = str(len(self._holds) + 1)
        self._holds[name] = self._server.hold(recording)
        return {"id": name}

    def _hold(self, name: str) -> Hold:
        if name not in self._holds:
            raise _RefusedError(404, f"there is no hold {name!r}: POST {_PREFIX}holds makes one")
        return self._holds[name]

    def _watch(
        self, hold: Hold, wanted: "_Wanted", request: HttpRequest, exchange: Exchange
    ) -> object | None:
        """The hold as it stands, once it stands as it is wanted."""
        if wanted.is_met(hold):
            return _state(hold)

        is_told = False
        late_ns = self._server.clock.now_ns() + round(wanted.timeout_s * _NS_PER_S)
        timer = self._server.pacer.call_at_ns(late_ns, lambda: tell(is_late=True))

        def tell(*, is_late: bool = False) -> None:
            nonlocal is_told
            if not is_told and (is_late or wanted.is_met(hold)):
                is_told = True
                timer.cancel()
                _send(request, exchange, json_response(504 if is_late else 200, _state(hold)))

        hold.on_change(tell)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a client waits for, and how long."""

    sent: int
    asked: bool
    over: bool
    timeout_s: float

    def is_met(self, hold: Hold) -> bool:
        is_asked = hold.asked is not None
        return (
            hold.sent >= self.sent
            and (is_asked or not self.asked)
            and (hold.is_over or not self.over)
        )


def _wanted(query: dict[str, str]) -> _Wanted:
    try:
        timeout_s = float(query.get("timeout_s", _PATIENCE_S))
        sent = int(query.get("sent", 0))
    except ValueError as error:
        raise _RefusedError(400, f"sent and timeout_s are numbers: {error}") from error
    if not 0 <= timeout_s <= _LONGEST_S:
        raise _RefusedError(400, f"timeout_s must be from 0 to {_LONGEST_S:g}, not {timeout_s}")
    return _Wanted(sent=sent, asked="asked" in query, over="over" in query, timeout_s=timeout_s)


def _faults(plan: FaultPlan) -> list[dict[str, Any]]:
    return [
        {"fault": str(each.fault), "considered": each.considered, "broke": each.broke}
        for each in plan.planned()
    ]


def _add_fault(plan: FaultPlan, options: dict[str, Any]) -> dict[str, str]:
    spec = options.get("fault")
    if not isinstance(spec, str):
        raise _RefusedError(400, 'fault is a spec, such as "stall:after=3,ms=500"')
    try:
        return {"fault": str(plan.add(spec))}
    except InputError as error:
        raise _RefusedError(400, f"{error.message} ({error.hint})") from error


def _release(hold: Hold, options: dict[str, Any]) -> dict[str, Any]:
    events = options.get("events", 1)
    if events == "all":
        hold.release_all()
    elif isinstance(events, int) and not isinstance(events, bool) and events > 0:
        hold.release(events)
    else:
        raise _RefusedError(400, 'events is a number above 0, or "all"')
    return {}


def _state(hold: Hold) -> dict[str, Any]:
    asked = None if hold.asked is None else _shown(hold.asked)
    return {"asked": asked, "events": hold.events, "sent": hold.sent, "is_over": hold.is_over}


def _shown(asked: Asked) -> dict[str, Any]:
    return {**asdict(asked), "body": asked.body.decode("utf-8", "backslashreplace")}


def _options(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request's body; none is an empty one."""
    try:
        options = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _RefusedError(400, f"the body is not JSON: {error}") from error
    if not isinstance(options, dict):
        raise _RefusedError(400, "the body must be a JSON object")
    return options


def _refuse_foreigners(request: HttpRequest) -> None:
    host = header_value(request.headers, "host") or ""
    name = urlsplit(f"//{host}").hostname or ""
    if name != "localhost" and not name.endswith(".localhost") and not _is_address(name):
        message = f"the control API answers an address or localhost, not the name {name!r}"
        raise _RefusedError(403, message)
    origin = header_value(request.headers, "origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise _RefusedError(403, f"the control API is not for pages of {origin}")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _send(request: HttpRequest, exchange: Exchange, response: bytes) -> None:
    exchange.send_raw(response)
    exchange.finish(keep_alive=request.keeps_alive)


def fidelity(lateness_ns: Sequence[int]) -> dict[str, Any]:
    """Scheduled against actual times of writing: how many writes, and their lateness in ns."""
    from streamlab.analysis import distribution  # noqa: PLC0415 - 40 ms, for who wants to know

    late = distribution(lateness_ns)
    return {"writes": late.n, "late": {k: v for k, v in asdict(late).items() if k != "n"}}
