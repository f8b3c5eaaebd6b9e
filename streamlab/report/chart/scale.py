"""Axes: where a value stands, and which values are written beside it. Times are ms."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["Linear", "Log", "Tick", "count_ticks", "time_text", "time_unit"]

_TICKS: Final = 6


class Tick(NamedTuple):
    """A line of the grid: where it stands, from 0 to 1, and what is written there."""

    place: float
    label: str


class Linear(NamedTuple):
    """An axis of times from 0 to `top_ms`: lengths on it may be compared."""

    top_ms: float

    def place(self, at_ms: float) -> float:
        """From 0 to 1."""
        return min(1.0, max(0.0, at_ms / self.top_ms))

    def ticks(self) -> list[Tick]:
        """At round times, written in the unit of `time_unit`."""
        unit_ms = 1000 if time_unit(self.top_ms) == "s" else 1
        values = _round_values(self.top_ms / unit_ms)
        return [Tick(self.place(value * unit_ms), f"{value:,g}") for value in values]


class Log(NamedTuple):
    """A logarithmic axis; what is below `low_ms` stands at its left end."""

    low_ms: float
    top_ms: float

    def place(self, at_ms: float) -> float:
        """From 0 to 1."""
        if at_ms <= self.low_ms:
            return 0.0
        return min(1.0, math.log(at_ms / self.low_ms) / math.log(self.top_ms / self.low_ms))

    def ticks(self) -> list[Tick]:
        """At each power of ten, with its unit."""
        first, last = math.log10(self.low_ms), math.log10(self.top_ms)
        powers = [10.0**power for power in range(math.ceil(first), math.floor(last) + 1)]
        return [Tick(self.place(value), time_text(value)) for value in powers]


def time_unit(top_ms: float) -> str:
    """The unit of an axis that ends at `top_ms`."""
    return "s" if top_ms >= 2000 else "ms"


def time_text(at_ms: float) -> str:
    """A round time with its unit."""
    return f"{at_ms / 1000:g} s" if at_ms >= 1000 else f"{at_ms:g} ms"


def count_ticks(top: int) -> list[Tick]:
    """Whole numbers on an axis from 0 to `top`."""
    values = [value for value in _round_values(top) if value == round(value)]
    return [Tick(value / top, f"{value:,.0f}") for value in values]


def _round_values(top: float) -> Sequence[float]:
    """Multiples of 1, 2 or 5 times a power of ten, about `_TICKS` of them."""
    rough = top / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * 0.999)
    return [step * i for i in range(math.floor(top / step * 1.0001) + 1)]
