"""What all that replays in the program itself shares: which recording answers, what was asked, and
what breaks the answers."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from streamlab.clock import Clock, SystemClock
from streamlab.errors import InputError
from streamlab.fault import Fault
from streamlab.http_libraries import AsyncStream, SyncStream, header_pairs, library_of
from streamlab.recording import Recording
from streamlab.redaction import redact_headers, redact_url
from streamlab.replay.asked import Asked
from streamlab.replay.fault_plan import FaultPlan, broken
from streamlab.replay.match import Catalog, catalog_of
from streamlab.replay.playback import Playback
from streamlab.replay.substitute import find, substitute
from streamlab.replay.whole import in_form
from streamlab.schedule import schedule

__all__ = ["Replayer", "Replaying", "response"]


class Replayer:
    """Which recording answers, and what was asked."""

    def __init__(
        self,
        recordings: Sequence[Recording] | Catalog,
        speed: float,
        clock: Clock | None,
        faults: Sequence[str | Fault] = (),
    ) -> None:
        if speed < 0:
            raise InputError(f"speed must be 0 or more, not {speed}", "0 means without waiting")
        self.clock: Clock = clock or SystemClock()
        self._speed = speed
        self.catalog = catalog_of(recordings)
        self.fault_plan = FaultPlan(faults)
        self._requests: list[Asked] = []
        self._lock = Lock()

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked so far, in that order; credentials redacted."""
        return tuple(self._requests)

    # Any: httpx's and httpx2's requests have the same attributes and no class in common.
    def answer(self, request: Any, body: bytes, t0_ns: int) -> Playback:  # noqa: ANN401
        """The answer to a request, as `ReplayServer` chooses it."""
        target = request.url.raw_path.decode("ascii")
        headers = header_pairs(request.headers)
        key = self.catalog.key(request.method, target, body)
        with self._lock:
            answer = find(self.catalog, key, headers)
            if answer is None:
                answer = substitute(self.catalog, request.method, target, body)
            recording = answer.recording
            is_replayed = answer.outcome == "replayed"
            blows = self.fault_plan.blows(recording, ()) if is_replayed else []
            self._requests.append(
                Asked(
                    method=request.method,
                    target=redact_url(target),
                    headers=redact_headers(headers),
                    body=body,
                    recording_id=recording.id,
                    faults=tuple(str(blow.fault) for blow in blows),
                )
            )
        performed = in_form(recording, answer.form(body))
        return Playback(
            performed,
            broken(schedule(performed, speed=self._speed), blows),
            library_of(request),
            t0_ns=t0_ns,
            read_timeout_s=request.extensions.get("timeout", {}).get("read"),
        )


class Replaying:
    """What tests see of a transport or a mock that answers with a `Replayer`, and how they break
    it."""

    _replayer: Replayer

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked so far, in that order; credentials redacted."""
        return self._replayer.requests

    def fault(self, fault: str | Fault) -> Fault:
        """From now on this fault, too, breaks answers. InputError if it is no fault."""
        return self._replayer.fault_plan.add(fault)

    def heal(self) -> None:
        """No fault breaks answers any more."""
        self._replayer.fault_plan.clear()


def response(playback: Playback, body: SyncStream | AsyncStream) -> Any:  # noqa: ANN401
    """The response whose head is due, of the library in use."""
    head, recorded = playback.head, playback.recording.response
    assert head is not None, "an answer without a head ends in an exception"
    assert recorded is not None
    return playback.library.Response(
        head.status,
        headers=[(_wire_bytes(name), _wire_bytes(value)) for name, value in head.headers],
        stream=body,
        extensions={"http_version": _wire_bytes(recorded.http_version)},
    )


def _wire_bytes(text: str) -> bytes:
    # What was on a wire is a character per byte; a cassette may hold any text.
    return text.encode("latin-1", "replace")
