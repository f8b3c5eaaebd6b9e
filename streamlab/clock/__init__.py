"""Time: the one place that reads a clock or waits.

`Clock` is what the rest asks for; `SystemClock` is the machine's, `ManualClock` a test's. A clock
opens `Pacer`s: one pacer runs the timers of all streams of a server, with absolute deadlines, so
that errors do not add up. What has no server to itself waits for a time, in a thread or a task.
"""

from streamlab.clock.manual import ManualClock
from streamlab.clock.system import SystemClock
from streamlab.clock.timers import Clock, Pacer, Timer

__all__ = ["Clock", "ManualClock", "Pacer", "SystemClock", "Timer"]
