"""The numbers by which two sets of streams are compared: one value of each per stream."""

from collections.abc import Callable
from typing import Final, NamedTuple

from streamlab.analysis import Analysis, percentile_ns

__all__ = ["METRICS", "Metric", "is_whole", "metrics_of"]


class Metric(NamedTuple):
    """A number of a stream, None where it was not measured. `floor_share` is how much of the least
    absolute change counts for it: all of it for a time from t0, a tenth for a time per token or
    per gap, which is a mean or median of many; nothing for a rate, which is no time."""

    name: str
    value: Callable[[Analysis], float | None]
    floor_share: float
    is_higher_better: bool = False


def _gap_p50_ns(analysis: Analysis) -> float | None:
    return percentile_ns(sorted(analysis.gaps_ns), 50)


def is_whole(analysis: Analysis) -> bool:
    """Whether a stream came to its end: how long one took that was cut says nothing."""
    is_complete = analysis.end is not None and analysis.end.reason == "complete"
    return is_complete or analysis.has_end_marker


METRICS: Final = (
    Metric("ttft_ns", lambda analysis: analysis.ttft_ns, 1),
    Metric("ttfat_ns", lambda analysis: analysis.ttfat_ns, 1),
    Metric("tpot_ns", lambda analysis: analysis.tpot_ns, 0.1),
    Metric("gap_p50_ns", _gap_p50_ns, 0.1),
    Metric("latency_ns", lambda analysis: analysis.latency_ns if is_whole(analysis) else None, 1),
    Metric("total_ns", lambda analysis: analysis.total_ns if is_whole(analysis) else None, 1),
    Metric("tps_user", lambda analysis: analysis.tps_user, 0, is_higher_better=True),
)
"""All of them, in the order in which they are shown."""


def metrics_of(streams: list[Analysis]) -> tuple[Metric, ...]:
    """Those that say something of their own of these streams, since each test more asks more of all
    others: what none of them has is left out, and where nothing reasons, the first answer, which is
    the first token."""
    has_thinking = any(stream.ttfat_ns != stream.ttft_ns for stream in streams)
    return tuple(
        metric
        for metric in METRICS
        if any(metric.value(stream) is not None for stream in streams)
        and (has_thinking or metric.name != "ttfat_ns")
    )
