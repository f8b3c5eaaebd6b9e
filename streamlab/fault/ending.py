"""Faults in how an answer ends: too late, too early, never, or not as HTTP wants it."""

from dataclasses import replace

from streamlab.fault.option import Events, Ms
from streamlab.fault.pieces import NS_PER_MS, chunked, ended_after
from streamlab.schedule import Close, Hang, Reset, Schedule, Spoil

__all__ = ["bad_chunk_size", "hang", "no_final_chunk", "reset", "slow_close", "truncate"]


def hang(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """Nothing more comes once `after` events are out; the connection stays open."""
    return ended_after(schedule, after, Hang(at_ns=0))


def truncate(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """The connection is closed (TCP FIN) once `after` events are out. Of a body that is framed by
    nothing else, no client can tell."""
    return ended_after(schedule, after, Close(at_ns=0))


def reset(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """The connection is reset (TCP RST) once `after` events are out and have arrived."""
    return ended_after(schedule, after, Reset(at_ns=0))


def slow_close(schedule: Schedule, *, ms: Ms = 1000) -> Schedule:
    """The body is all there, and its end (the last chunk, the FIN) comes `ms` later."""
    end = schedule.actions[-1]
    late = replace(end, at_ns=end.at_ns + round(ms * NS_PER_MS))
    return replace(schedule, actions=(*schedule.actions[:-1], late))


def no_final_chunk(schedule: Schedule) -> Schedule:
    """The body is all there, but the connection is closed instead of the last chunk. A body that
    was not in HTTP chunks is sent in chunks."""
    broken = chunked(schedule)
    end = Close(at_ns=broken.actions[-1].at_ns)
    return replace(broken, actions=(*broken.actions[:-1], end))


def bad_chunk_size(schedule: Schedule, *, after: Events = 1) -> Schedule:
    """A chunk size that is no number comes once `after` events are out, and the connection is
    closed. A body that was not in HTTP chunks is sent in chunks."""
    return ended_after(chunked(schedule), after, Spoil(at_ns=0))
