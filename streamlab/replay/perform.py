"""Performs a script on a connection: each step at its time, then the ending."""

from collections.abc import Callable
from typing import Protocol

from streamlab._http1 import Exchange
from streamlab.clock import Clock, Pacer, Timer
from streamlab.replay.script import STEP_BYTES, Script, Step
from streamlab.schedule import Finish, Hang, Reset

__all__ = ["Performance", "Stage"]


class Stage(Protocol):
    """What a performance needs of the server: time, and somewhere to put its lateness."""

    clock: Clock
    pacer: Pacer

    def note_lateness_ns(self, lateness_ns: int) -> None:
        """How much later than scheduled a step was written."""


class Performance:
    """One answer under way.

    Steps that are due are written together; frames keep their HTTP chunk boundaries. A client that
    reads too slowly pauses the performance, and what is late is sent when it has caught up: nothing
    is held in memory beyond the shared script. `on_done` is told whether the answer came to its end
    (False: the client left).
    """

    def __init__(
        self,
        script: Script,
        exchange: Exchange,
        stage: Stage,
        *,
        keep_alive: bool,
        on_done: Callable[[bool], None],
    ) -> None:
        self._script = script
        self._exchange = exchange
        self._stage = stage
        self._keep_alive = keep_alive and script.can_keep_alive
        self._on_done = on_done
        self._start_ns = stage.clock.now_ns()
        self._next = 0
        self._timer: Timer | None = None
        # What the system does not take at once stays in the script, which all clients share: with
        # asyncio's own limit each slow reader would hold 128 KiB.
        exchange.limit_unsent(0)
        exchange.on_left = self._leave
        exchange.on_writable = self._go_on

    def start(self) -> None:
        """Write what is due already; the rest follows by itself."""
        self._go_on()

    def _leave(self) -> None:
        self._cancel_timer()
        # A stream that hangs has said all it had to say: leaving is how it ends.
        has_hung = isinstance(self._script.ending, Hang)
        self._on_done(has_hung and self._next == len(self._script.steps))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        self._cancel_timer()
        if self._exchange.is_paused:
            return
        elapsed_ns = self._stage.clock.now_ns() - self._start_ns
        if not self._write_due(elapsed_ns):
            return
        if self._next < len(self._script.steps):
            self._wait_until_ns(self._script.steps[self._next].at_ns)
        elif elapsed_ns < self._script.ending.at_ns:
            self._wait_until_ns(self._script.ending.at_ns)
        else:
            self._end()

    def _write_due(self, elapsed_ns: int) -> bool:
        """Write the steps that are due; False if the client does not keep up with them."""
        exchange, steps = self._exchange, self._script.steps
        while self._next < len(steps) and steps[self._next].at_ns <= elapsed_ns:
            if exchange.is_paused:
                return False
            due = self._take_due(elapsed_ns)
            exchange.send_raw(due[0].data if len(due) == 1 else b"".join([s.data for s in due]))
            for step in due:
                self._stage.note_lateness_ns(elapsed_ns - step.at_ns)
        return not exchange.is_paused

    def _take_due(self, elapsed_ns: int) -> list[Step]:
        """The next steps that are due, up to about `STEP_BYTES`."""
        due: list[Step] = []
        size = 0
        steps = self._script.steps
        while self._next < len(steps) and size < STEP_BYTES:
            step = steps[self._next]
            if step.at_ns > elapsed_ns:
                break
            due.append(step)
            size += len(step.data)
            self._next += 1
        return due

    def _wait_until_ns(self, at_ns: int) -> None:
        self._timer = self._stage.pacer.call_at_ns(self._start_ns + at_ns, self._go_on)

    def _end(self) -> None:
        match self._script.ending:
            case Hang():
                return
            case Reset():
                self._exchange.reset()
            case Finish():
                self._exchange.finish(keep_alive=self._keep_alive)
            case _:
                self._exchange.close()
        self._on_done(True)
