"""The steps of an agent or workflow as time lines: when each began and ended.

A step's end is paired with its beginning by id; where the protocol has no ids by label; and where
an end has no label either, it is that of the step that began last. Of several ends with one id the
last counts: a tool's arguments are complete before it has answered.

Where steps of a kind only ever begin (FastGPT's v1), each ends as the next one begins. A step that
has not ended otherwise is open until the stream's end, and an end that nothing began has no start.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from streamlab.dialect import Delta, Step

__all__ = ["Silence", "StepTime", "silence", "step_times", "without_times"]

TOOL_CALL: Final = "tool_call"
"""The name of a step that is a tool's run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """A step: what the protocol calls its beginning, what it is labelled, when it was (ns from t0;
    `stop_ns` is None if it is open), how long it took by the server's account, and how many others
    were open when it began."""

    name: str
    label: str
    start_ns: int | None
    stop_ns: int | None
    stated_ms: float | None
    depth: int


class Silence(NamedTuple):
    """What went on while no output came: the steps that ran and ended meanwhile, how long at least
    one of them ran, how long none did before the last of them had ended, and how long it took from
    there to the next output."""

    steps: tuple[StepTime, ...]
    running_ns: int
    idle_ns: int
    after_ns: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Run:
    """A step so far. `begun` and `ended` count the deltas of steps in their order, since several of
    one read have the same time."""

    name: str
    label: str
    begun: int
    start_ns: int | None = None
    ended: int | None = None
    stop_ns: int | None = None
    stated_ms: float | None = None
    has_id: bool = False


@dataclass(slots=True)
class _Runs:
    """The steps so far, and how to find those that may end: by id, by label, and the last ones."""

    all: list[_Run] = field(default_factory=list)
    by_id: dict[str, _Run] = field(default_factory=dict)
    by_label: dict[str, list[_Run]] = field(default_factory=dict)
    without_id: list[_Run] = field(default_factory=list)
    unstated: dict[str, deque[_Run]] = field(default_factory=dict)

    def begin(self, number: int, at_ns: int, delta: Delta, step: Step) -> None:
        known = self.by_id.get(step.id) if step.id else None
        if known is not None and known.ended is None:
            return  # it says once more that it runs
        run = _Run(
            name=TOOL_CALL if delta.kind == "tool_call" else delta.name,
            label=_label(delta),
            begun=number,
            start_ns=at_ns,
            stated_ms=step.stated_ms,
            has_id=step.id != "",
        )
        self.all.append(run)
        self.unstated.setdefault(run.label, deque()).append(run)
        if step.id:
            self.by_id[step.id] = run
            return
        self.without_id.append(run)
        self.by_label.setdefault(run.label, []).append(run)

    def end(self, number: int, at_ns: int, delta: Delta, step: Step) -> None:
        run = self._ending(delta, step)
        if run is None:
            run = _Run(name=delta.name, label=_label(delta), begun=number)
            self.all.append(run)
        run.ended, run.stop_ns = number, at_ns
        if step.stated_ms is not None:
            run.stated_ms = step.stated_ms

    def _ending(self, delta: Delta, step: Step) -> _Run | None:
        if step.id:
            return self.by_id.get(step.id)
        label = _label(delta)
        candidates = self.by_label.get(label, []) if label else self.without_id
        while candidates:
            run = candidates.pop()
            if run.ended is None:
                return run
        return None

    def state(self, delta: Delta, step: Step) -> None:
        """The server's account of a step that it labels: of those with that label, the next."""
        if unstated := self.unstated.get(_label(delta)):
            unstated.popleft().stated_ms = step.stated_ms


def step_times(timed: Iterable[tuple[int, Delta]]) -> tuple[StepTime, ...]:
    """The steps that deltas, with the times at which they came, tell of, in the order in which they
    began."""
    runs = _Runs()
    steps = ((at_ns, delta, delta.step) for at_ns, delta in timed if delta.step is not None)
    for number, (at_ns, delta, step) in enumerate(steps):
        match step.phase:
            case "begin":
                runs.begin(number, at_ns, delta, step)
            case "end":
                runs.end(number, at_ns, delta, step)
            case "stated":
                runs.state(delta, step)
    _end_at_the_next(runs.all)
    ends = sorted(run.ended for run in runs.all if run.ended is not None)
    return tuple(
        StepTime(
            name=run.name,
            label=run.label,
            start_ns=run.start_ns,
            stop_ns=run.stop_ns,
            stated_ms=run.stated_ms,
            depth=begun_before - bisect_right(ends, run.begun) + (run.start_ns is None),
        )
        for begun_before, run in enumerate(runs.all)
    )


def silence(steps: Iterable[StepTime], start_ns: int, stop_ns: int) -> Silence:
    """What of `steps` tells why no output came from `start_ns` to `stop_ns`.

    That is a tool, however early it was called, and any other step that began meanwhile, too: what
    began before has had output, and what is still open will have some, so it should have come.
    """
    ran = [
        (max(step.start_ns, start_ns), step.stop_ns, step)
        for step in steps
        if step.start_ns is not None
        and step.stop_ns is not None
        and start_ns < step.stop_ns <= stop_ns
        and (step.start_ns >= start_ns or step.name == TOOL_CALL)
    ]
    idle_ns, until_ns = 0, start_ns
    for begun_ns, ended_ns, _ in sorted(ran, key=itemgetter(0)):
        idle_ns += max(0, begun_ns - until_ns)
        until_ns = max(until_ns, ended_ns)
    return Silence(
        steps=tuple(step for *_, step in ran),
        running_ns=until_ns - start_ns - idle_ns,
        idle_ns=idle_ns,
        after_ns=stop_ns - until_ns,
    )


def without_times(steps: Sequence[StepTime]) -> tuple[StepTime, ...]:
    """The same of a recording without times: not measured is None."""
    return tuple(replace(step, start_ns=None, stop_ns=None) for step in steps)


def _end_at_the_next(runs: Iterable[_Run]) -> None:
    """Ends the steps without an id whose kind has no end in this stream."""
    by_name: dict[str, list[_Run]] = {}
    for run in runs:
        if not run.has_id and run.start_ns is not None:
            by_name.setdefault(run.name, []).append(run)
    for alike in by_name.values():
        if all(run.ended is None for run in alike):
            for run, following in pairwise(alike):
                run.ended, run.stop_ns = following.begun, following.start_ns


def _label(delta: Delta) -> str:
    return delta.name if delta.kind == "tool_call" else delta.text
