"""Linux's timerfd (timerfd_create(2)): of Python since 3.13, of the C library before."""

import ctypes
import os
import sys
import time

__all__ = ["Timerfd"]

_NS_PER_S = 1_000_000_000

if sys.version_info >= (3, 13) and sys.platform == "linux":

    class Timerfd:
        """A timer of CLOCK_MONOTONIC as a descriptor. OSError where there are none."""

        def __init__(self) -> None:
            flags = os.TFD_NONBLOCK | os.TFD_CLOEXEC
            self.fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=flags)

        def set_ns(self, at_ns: int) -> None:
            """Let it become readable at `at_ns`, and not before if it is now; 0 disarms it."""
            os.timerfd_settime_ns(self.fd, flags=os.TFD_TIMER_ABSTIME, initial=at_ns)

else:

    class _Timespec(ctypes.Structure):
        _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))

    class _Itimerspec(ctypes.Structure):
        _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))

    _CLOCK_MONOTONIC = 1
    _TFD_TIMER_ABSTIME = 1

    class Timerfd:
        """See above."""

        def __init__(self) -> None:
            libc = ctypes.CDLL(None, use_errno=True)
            flags = os.O_NONBLOCK | os.O_CLOEXEC  # what TFD_NONBLOCK and TFD_CLOEXEC stand for
            self.fd = int(libc.timerfd_create(_CLOCK_MONOTONIC, flags))
            if self.fd < 0:
                raise OSError(ctypes.get_errno(), "timerfd_create")
            self._settime = libc.timerfd_settime
            # Made once: it is set anew for each wake.
            spec = _Itimerspec()
            self._value = spec.it_value
            self._spec = ctypes.byref(spec)

        def set_ns(self, at_ns: int) -> None:
            """See above."""
            value = self._value
            value.tv_sec, value.tv_nsec = divmod(at_ns, _NS_PER_S)
            if self._settime(self.fd, _TFD_TIMER_ABSTIME, self._spec, None) < 0:
                raise OSError(ctypes.get_errno(), "timerfd_settime")
