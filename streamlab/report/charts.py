"""Numbers drawn with characters: a histogram in blocks, and a cumulative share in braille. Pure."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Axis", "axis_of", "ecdf_lines", "histogram_lines", "tick_line"]

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
# The bit of each dot of a braille character, by row and column (Unicode 16.0, 21.1).
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE: Final = 0x2800
# Above this ratio of the largest to the smallest value, equal steps would show one value alone.
_LOG_RATIO: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A range of values, drawn from left to right in equal steps, or in equal ratios."""

    low: float
    high: float
    is_log: bool

    def share(self, value: float) -> float:
        """How far along the axis a value is, from 0 to 1."""
        low, high, value = (math.log(x) if self.is_log else x for x in (self.low, self.high, value))
        return 0.5 if high <= low else min(1.0, max(0.0, (value - low) / (high - low)))

    def value(self, share: float) -> float:
        """The value that is so far along the axis."""
        if self.is_log:
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


def axis_of(values: Sequence[float]) -> Axis:
    """An axis with all of `values` on it, of which there is at least one."""
    low, high = min(values), max(values)
    return Axis(low=low, high=high, is_log=low > 0 and high / low > _LOG_RATIO)


def histogram_lines(values: Sequence[float], axis: Axis, columns: int, rows: int) -> list[str]:
    """How many values fall into each column, the fullest being as high as there are rows. A column
    with any shows at least an eighth."""
    counts = [0] * columns
    for value in values:
        counts[min(columns - 1, int(axis.share(value) * columns))] += 1
    top = max(counts, default=0) or 1
    heights = [-(-count * rows * 8 // top) for count in counts]
    return [
        "".join(_EIGHTHS[min(8, max(0, height - row * 8))] for height in heights)
        for row in reversed(range(rows))
    ]


def ecdf_lines(values: Sequence[float], axis: Axis, columns: int, rows: int) -> list[str]:
    """The share of values that are not above what each column stands for: the lowest dot is 0, the
    highest all of them."""
    ordered = sorted(values)
    shares = [axis.share(value) for value in ordered]
    top = rows * 4 - 1
    cells = [[0] * columns for _ in range(rows)]
    before = 0
    for dot in range(columns * 2):
        below = bisect_right(shares, (dot + 1) / (columns * 2)) / (len(shares) or 1)
        height = round(below * top)
        for level in range(min(before + 1, height), height + 1):  # a jump is a line upwards
            from_top = top - level
            cells[from_top // 4][dot // 2] |= _DOTS[from_top % 4][dot % 2]
        before = height
    return ["".join(chr(_BRAILLE + cell) for cell in row) for row in cells]


def tick_line(labels: Sequence[str], columns: int) -> str:
    """Texts below a chart: the first at its left, the last at its right, others evenly between;
    those between go where there is no room."""
    if sum(map(len, labels)) + 2 * len(labels) > columns and len(labels) > 2:
        return tick_line([labels[0], labels[-1]], columns)
    line = [" "] * columns
    for number, label in enumerate(labels):
        centre = number * (columns - 1) / max(1, len(labels) - 1)
        start = min(max(0, columns - len(label)), max(0, round(centre - len(label) / 2)))
        line[start : start + len(label)] = label
    return "".join(line)[:columns]
