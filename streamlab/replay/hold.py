"""A stream that is held back until a test lets it go on, event by event: no sleeps, no races.

A hold's clock counts events where others count nanoseconds. The stream is performed as any other,
with its head at 0, its n-th event at n and its end after the last; to release an event is to let
the clock tick.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from streamlab.clock import Clock, ManualClock, Pacer
from streamlab.errors import HoldTimeoutError
from streamlab.recut import by_event
from streamlab.replay.asked import Asked
from streamlab.schedule import Schedule, Send, SendHead

__all__ = ["Hold", "numbered"]

_PATIENCE_S: Final = 10.0
_ALL: Final = 2**62


def numbered(schedule: Schedule) -> tuple[Schedule, int]:
    """A piece for each event, numbers for times, and how many events there are."""
    cut = by_event(schedule)
    count = 0
    actions = []
    for action in cut.actions:
        count += isinstance(action, Send)
        at_ns = 0 if isinstance(action, SendHead) else count + (not isinstance(action, Send))
        actions.append(replace(action, at_ns=at_ns))
    return replace(cut, actions=tuple(actions)), count


class Hold:
    """Holds one stream. Its head is sent when it is asked for; each event (each read, of a body
    that is no event stream) when it is released, and its end after the last of them.

    All methods may be called from any thread but the server's. `asked` is None until the stream has
    been asked for; `events` is how many it has, then. HoldTimeoutError where something did not
    happen in time.
    """

    def __init__(self, call_in_loop: Callable[[Callable[[], None]], object]) -> None:
        self.asked: Asked | None = None
        self.events: int | None = None
        self.sent = 0
        self.is_over = False
        self.released = 0
        self._steps = 0
        self._call_in_loop = call_in_loop
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        clock = ManualClock()
        self.clock: Clock = clock
        self.pacer: Pacer = clock.open_pacer()
        self._advance_ns = clock.advance_ns

    # The test's side.

    def release(self, events: int = 1) -> None:
        """Let so many more events go; one more than there are left releases the end, too."""
        with suppress(RuntimeError):  # the server has been closed meanwhile
            self._call_in_loop(lambda: self.let_go(events))

    def release_all(self) -> None:
        """Let the rest go, and the end."""
        self.release(_ALL)

    def wait_until_asked(self, timeout_s: float = _PATIENCE_S) -> Asked:
        """The request that is answered with this stream, once it is here."""
        self._wait(lambda: self.asked is not None, timeout_s, "the stream was not asked for")
        assert self.asked is not None
        return self.asked

    def wait_until_sent(self, events: int, timeout_s: float = _PATIENCE_S) -> None:
        """Until so many events have been written to the connection."""
        self._wait(lambda: self.sent >= events, timeout_s, f"{events} events were not sent")

    def wait_until_over(self, timeout_s: float = _PATIENCE_S) -> None:
        """Until the stream has ended, or its client has left."""
        self._wait(lambda: self.is_over, timeout_s, "the stream was not over")

    def _wait(self, condition: Callable[[], bool], timeout_s: float, failure: str) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise HoldTimeoutError(f"{failure} within {timeout_s:g} s", self._state())

    def _state(self) -> str:
        if self.asked is None:
            return "no request for it has come"
        return f"{self.sent} of its {self.events} events were sent, {self.released} released"

    # The server's side: in its loop.

    def begin(self, asked: Asked, events: int) -> None:
        """The stream is asked for; what was released before goes once it has started."""
        with self._changed:
            self.asked, self.events = asked, events
        self._tell()

    def start(self) -> None:
        """The head is out."""
        self._advance_ns(min(self.released, _ALL))

    def let_go(self, events: int) -> None:
        """See `release`."""
        self.released = min(self.released + events, _ALL)
        if self.asked is not None:
            self._advance_ns(events)

    def note_lateness_ns(self, lateness_ns: int) -> None:  # noqa: ARG002 - time is not its own
        """See `perform.Stage`: a step was written. The head is the first, the end may be one."""
        with self._changed:
            self._steps += 1
            self.sent = min(self._steps - 1, self.events or 0)
        self._tell()

    def end(self) -> None:
        """The stream is over."""
        with self._changed:
            self.is_over = True
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener`, in the server's loop, whenever something has changed."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for listener in tuple(self._listeners):
            listener()
