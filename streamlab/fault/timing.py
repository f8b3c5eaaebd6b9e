"""Faults in time: the same bytes later. Their milliseconds are real ones at any replay speed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from streamlab.fault.option import BytesPerS, Events, Ms
from streamlab.fault.pieces import NS_PER_MS, cut_at, stop_after
from streamlab.recut import sends_of, with_sends
from streamlab.schedule import Action, Schedule, Send

__all__ = ["bandwidth", "jitter", "latency", "stall"]

_NS_PER_S: Final = 1_000_000_000
# A slow line lets a long piece through bit by bit: as much as passes in a tenth of a second.
_PIECES_PER_S: Final = 10


def latency(schedule: Schedule, *, ms: Ms = 1000) -> Schedule:
    """Everything, the head included, comes `ms` later."""
    actions = tuple(_later(action, ms) for action in schedule.actions)
    return replace(schedule, actions=actions)


def stall(schedule: Schedule, *, after: Events = 1, ms: Ms = 1000) -> Schedule:
    """Nothing comes for `ms` more, once `after` events are out; then the stream goes on."""
    before, rest = cut_at(sends_of(schedule), stop_after(schedule, after))
    late = [replace(send, at_ns=_later(send, ms).at_ns) for send in rest]
    return with_sends(schedule, [*before, *late], _later(schedule.actions[-1], ms))


def jitter(schedule: Schedule, *, chance: Callable[[int], float], ms: Ms = 50) -> Schedule:
    """Each piece comes up to `ms` later, evenly drawn; none overtakes another."""
    sends: list[Send] = []
    latest_ns = 0
    for number, send in enumerate(sends_of(schedule)):
        latest_ns = max(latest_ns, send.at_ns + round(chance(number) * ms * NS_PER_MS))
        sends.append(replace(send, at_ns=latest_ns))
    return with_sends(schedule, sends)


def bandwidth(schedule: Schedule, *, bytes_per_s: BytesPerS = 1000) -> Schedule:
    """The body passes a line that takes `bytes_per_s`: each piece comes when its last byte would
    have passed, and a long one in parts, ten a second."""
    longest = max(1, bytes_per_s // _PIECES_PER_S)
    sends: list[Send] = []
    free_ns = 0
    for send in sends_of(schedule):
        for start in range(0, len(send.data), longest):
            part = send.data[start : start + longest]
            free_ns = max(free_ns, send.at_ns) + len(part) * _NS_PER_S // bytes_per_s
            sends.append(Send(at_ns=free_ns, data=part))
    return with_sends(schedule, sends)


def _later(action: Action, ms: float) -> Action:
    return replace(action, at_ns=action.at_ns + round(ms * NS_PER_MS))
