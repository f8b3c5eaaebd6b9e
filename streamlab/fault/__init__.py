"""Faults: what breaks a replayed stream on purpose, as pure functions from schedule to schedule.

A new one is a function in one of the modules here, its options typed as in `option`, and a line in
`kind.KINDS`.
"""

from streamlab.fault.kind import COMMON_OPTIONS, KINDS, Kind
from streamlab.fault.spec import (
    Fault,
    break_schedule,
    fault,
    parse_fault,
    parse_faults,
    strikes,
)

__all__ = [
    "COMMON_OPTIONS",
    "KINDS",
    "Fault",
    "Kind",
    "break_schedule",
    "fault",
    "parse_fault",
    "parse_faults",
    "strikes",
]
