"""When a recording began, for formats whose times are those of a wall clock."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from streamlab.recording import Recording

__all__ = ["started_ns"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LAST_NS: Final = 2**63 - 1


def started_ns(recording: Recording) -> int:
    """t0 in ns since 1970, as exactly as `started_at` says it; 0 where it says none."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(recording.started_at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        started = (moment - _EPOCH) // _MICROSECOND * 1000
        return started if 0 <= started <= _LAST_NS else 0
    return 0
