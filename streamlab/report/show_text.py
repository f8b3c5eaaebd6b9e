"""Untrusted text made safe to show, and numbers made readable."""

import re
from typing import Final

__all__ = ["format_bytes", "format_ns", "format_range_ns", "format_rate", "one_line", "visible"]

# Terminal control sequences start with these; bidirectional and invisible characters let text look
# like something else (https://trojansource.codes).
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_CONTROL_PICTURES: Final = 0x2400


def visible(text: str) -> str:
    """The text with every control character drawn instead of sent; LF and tab stay."""
    return _CONTROLS.sub(_draw, text)


def _draw(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(_CONTROL_PICTURES + code) if code < 0x20 else f"\\u{code:04x}"


def one_line(text: str, max_chars: int) -> str:
    """The text on one line of at most `max_chars`, line ends drawn."""
    line = visible(text[: max_chars + 1]).replace("\n", "⏎").replace("\t", "⇥")
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def format_ns(duration_ns: int | None) -> str:
    """A duration with three digits and its unit; - if it was not measured."""
    if duration_ns is None:
        return "-"
    for unit_ns, unit in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if abs(duration_ns) >= unit_ns:
            return f"{_three_digits(duration_ns / unit_ns)} {unit}"
    return f"{duration_ns} ns"


def format_range_ns(low_ns: int, high_ns: int) -> str:
    """From one duration to another; the unit once if they share it."""
    low, high = format_ns(low_ns), format_ns(high_ns)
    number, _, unit = low.partition(" ")
    return f"{number}–{high}" if high.endswith(f" {unit}") else f"{low}–{high}"  # noqa: RUF001


def format_rate(per_s: float | None) -> str:
    """A rate per second with three digits; - if it was not measured."""
    return "-" if per_s is None else f"{_three_digits(per_s)}/s"


def _three_digits(value: float) -> str:
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{decimals}f}"


def format_bytes(count: int) -> str:
    """A number of bytes, with thousands apart."""
    return f"{count:,} B"
