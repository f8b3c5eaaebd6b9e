"""Linux's timerfd (timerfd_create(2)): of Python since 3.13, of the C library before."""

import ctypes
import os
import sys
import time

__all__ = ["open_timerfd", "set_timerfd_ns"]

_NS_PER_S = 1_000_000_000

if sys.version_info >= (3, 13) and sys.platform == "linux":

    def open_timerfd() -> int:
        """A timerfd of CLOCK_MONOTONIC that does not block. OSError where there are none."""
        flags = os.TFD_NONBLOCK | os.TFD_CLOEXEC
        return os.timerfd_create(time.CLOCK_MONOTONIC, flags=flags)

    def set_timerfd_ns(timerfd: int, at_ns: int) -> None:
        """Let it become readable at `at_ns`; 0 disarms it."""
        os.timerfd_settime_ns(timerfd, flags=os.TFD_TIMER_ABSTIME, initial=at_ns)

else:

    class _Timespec(ctypes.Structure):
        _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))

    class _Itimerspec(ctypes.Structure):
        _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))

    _CLOCK_MONOTONIC = 1
    _TFD_TIMER_ABSTIME = 1

    def open_timerfd() -> int:
        """See above."""
        flags = os.O_NONBLOCK | os.O_CLOEXEC  # what TFD_NONBLOCK and TFD_CLOEXEC are defined as
        timerfd = _libc().timerfd_create(_CLOCK_MONOTONIC, flags)
        if timerfd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        return int(timerfd)

    def set_timerfd_ns(timerfd: int, at_ns: int) -> None:
        """See above."""
        value = _Timespec(*divmod(at_ns, _NS_PER_S))
        spec = _Itimerspec(_Timespec(0, 0), value)
        if _libc().timerfd_settime(timerfd, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _libc() -> ctypes.CDLL:
        global _LIBC  # noqa: PLW0603 - opened when first needed, and only on Linux
        if _LIBC is None:
            _LIBC = ctypes.CDLL(None, use_errno=True)
        return _LIBC

    _LIBC: ctypes.CDLL | None = None
