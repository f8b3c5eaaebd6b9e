"""The numbers of a recording that are looked at over many."""

from typing import Final, Literal, NamedTuple

__all__ = ["METRICS", "METRIC_ALIASES", "Metric", "Unit"]

Unit = Literal["ns", "1/s", "count"]


class Metric(NamedTuple):
    """`name` is what people call it, `stored` what `Sample.metrics` and the table `metrics` do.

    One whose unit is `count` is 0 where there is none; the others are not there where there is
    nothing to measure. Formulas are in docs/metrics.md.
    """

    name: str
    stored: str
    unit: Unit
    title: str


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("ttfb", "ttfb_ns", "ns", "response head"),
        Metric("ttfe", "ttfe_ns", "ns", "first event"),
        Metric("ttft", "ttft_ns", "ns", "first token"),
        Metric("ttfat", "ttfat_ns", "ns", "first answer"),
        Metric("thinking", "thinking_ns", "ns", "thinking"),
        Metric("generation", "generation_ns", "ns", "first to last token"),
        Metric("latency", "latency_ns", "ns", "last token"),
        Metric("total", "total_ns", "ns", "end of stream"),
        Metric("tail", "tail_ns", "ns", "last token to end"),
        Metric("tpot", "tpot_ns", "ns", "time per token"),
        Metric("tps_user", "tps_user", "1/s", "rate after the first"),
        Metric("tps_e2e", "tps_e2e", "1/s", "rate overall"),
        Metric("gap_p50", "gap_p50_ns", "ns", "median gap"),
        Metric("gap_p99", "gap_p99_ns", "ns", "99 % of gaps below"),
        Metric("gap_max", "gap_max_ns", "ns", "longest gap"),
        Metric("output_tokens", "output_tokens", "count", "output tokens"),
        Metric("stalls", "stalls", "count", "stalls"),
        Metric("errors", "errors", "count", "findings: errors"),
        Metric("warnings", "warnings", "count", "findings: warnings"),
        Metric("failed", "failed", "count", "not complete"),
    )
}
"""By name, in the order in which they are shown."""

METRIC_ALIASES: Final = {"tps": "tps_user", "gap": "gap_p50"}
"""Shorter names, for gates."""
