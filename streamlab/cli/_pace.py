"""Gives the recordings that have no times the pace of the command line."""

from collections.abc import Sequence

from streamlab.cli._console import narrate
from streamlab.errors import InputError
from streamlab.pace import Pace, is_untimed, paced
from streamlab.recording import Recording

__all__ = ["at_pace", "parse_pace"]


def parse_pace(
    *,
    ttft_ms: float | None,
    itl_ms: float | None,
    tps: float | None,
    jitter: float | None,
    seed: int,
) -> Pace | None:
    """The pace, or None if nothing of it was asked for. InputError if there is no such pace."""
    if (ttft_ms, itl_ms, tps) == (None, None, None):
        if jitter is not None:
            raise InputError("--jitter has nothing to vary", "add --ttft-ms, --itl-ms or --tps")
        return None
    try:
        return Pace(ttft_ms=ttft_ms or 0.0, itl_ms=itl_ms, tps=tps, jitter=jitter or 0.0, seed=seed)
    except ValueError as error:
        hint = "for example: --ttft-ms 300 --tps 50 --jitter 0.2"
        raise InputError(f"no such pace: {error}", hint) from error


def at_pace(recordings: Sequence[Recording], pace: Pace | None) -> list[Recording]:
    """The recordings, the untimed ones with made-up times; all as they are without a pace."""
    if pace is None:
        return list(recordings)
    count = sum(map(is_untimed, recordings))
    narrate(f"times made up for {count} of {len(recordings)}; the others have their own")
    return [paced(each, pace) if is_untimed(each) else each for each in recordings]
