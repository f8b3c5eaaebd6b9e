"""Speeds as people write them."""

import math
from typing import Final

from streamlab.errors import InputError

__all__ = ["parse_speed"]

_NAMED_SPEEDS: Final = {"realtime": 1.0, "instant": 0.0}


def parse_speed(speed: str, *, option: str = "speed") -> float:
    """`realtime`, `instant`, `10x`, `0.5x` or a plain number as a factor; 0 means no waiting.

    InputError for anything else, which names the option it was given by.
    """
    if speed in _NAMED_SPEEDS:
        return _NAMED_SPEEDS[speed]
    try:
        factor = float(speed.removesuffix("x"))
    except ValueError:
        factor = -1.0
    if not math.isfinite(factor) or factor < 0:
        hint = "use realtime, instant, or a factor such as 10x or 0.5x"
        raise InputError(f"{option} {speed!r} is no speed", hint)
    return factor
