"""Which faults break which answer: who asked for them, and how often they have done so."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streamlab.fault import Fault, break_schedule, parse_fault, strikes
from streamlab.recording import Recording
from streamlab.schedule import Schedule

__all__ = ["Blow", "FaultPlan", "Planned", "broken"]

# A client may ask for another fault each time; those of long ago are begun anew.
_ASKED_FAULTS_KEPT: Final = 1000


@dataclass(slots=True)
class Planned:
    """A fault, how many answers it was considered for, and how many of them it broke."""

    fault: Fault
    considered: int = 0
    broke: int = 0


@dataclass(frozen=True, slots=True)
class Blow:
    """A fault that breaks an answer, and how often it did so before."""

    fault: Fault
    draw: int


class FaultPlan:
    """The faults of a server, in the order in which they break an answer; from any thread.

    A client that asks for a fault with each request is counted by the fault it asks for, so that
    `times` ends for its retries, too.
    """

    def __init__(self, faults: Sequence[str | Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._planned: list[Planned] = []
        self._asked: dict[Fault, Planned] = {}
        for each in faults:
            self.add(each)

    def add(self, fault: str | Fault) -> Fault:
        """From now on it breaks answers. InputError if it is no fault."""
        added = parse_fault(fault) if isinstance(fault, str) else fault
        with self._lock:
            self._planned.append(Planned(added))
        return added

    def clear(self) -> None:
        """Nothing is broken any more, and all counts begin anew."""
        with self._lock:
            self._planned.clear()
            self._asked.clear()

    def planned(self) -> list[Planned]:
        """The faults of the server with their counts, as they stand."""
        with self._lock:
            return [Planned(p.fault, p.considered, p.broke) for p in self._planned]

    def blows(self, recording: Recording, asked: Sequence[Fault]) -> list[Blow]:
        """What breaks the next answer: the server's faults, then those that its client asks for."""
        if not self._planned and not asked:
            return []
        with self._lock:
            considered = [*self._planned, *map(self._asked_for, asked)]
            return [_blow(each) for each in considered if _is_due(each, recording)]

    def _asked_for(self, fault: Fault) -> Planned:
        planned = self._asked.setdefault(fault, Planned(fault))
        if len(self._asked) > _ASKED_FAULTS_KEPT:
            del self._asked[next(iter(self._asked))]
        return planned


def _is_due(planned: Planned, recording: Recording) -> bool:
    """Whether it breaks this answer, which counts."""
    fault = planned.fault
    # The answer to a HEAD has no body: one that got some would be no HTTP.
    is_meant = fault.on in {"", recording.id, recording.name} and recording.request.method != "HEAD"
    if not is_meant or (fault.times is not None and planned.broke >= fault.times):
        return False
    planned.considered += 1
    return strikes(fault, planned.considered - 1)


def _blow(planned: Planned) -> Blow:
    planned.broke += 1
    return Blow(planned.fault, planned.broke - 1)


def broken(schedule: Schedule, blows: Sequence[Blow]) -> Schedule:
    """The schedule after all of them, in their order."""
    for blow in blows:
        schedule = break_schedule(schedule, blow.fault, draw=blow.draw)
    return schedule
