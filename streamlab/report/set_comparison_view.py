"""Two sets of streams as a table: medians, their ratio, what chance makes of it, and a verdict."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from streamlab.comparison import MetricComparison, SetComparison
from streamlab.report.show_text import format_ns, format_rate, one_line
from streamlab.report.terminal import plain_table

__all__ = ["COLUMNS", "heads_of", "judged_by", "metric_cells", "sets_view"]

COLUMNS: Final = ("", "n", "a", "b", "ratio", "95 % interval", "p", "verdict")
_STYLES: Final = {
    "worse": "bold red",
    "better": "bold green",
    "same": "green",
    "inconclusive": "dim",
}


def sets_view(comparison: SetComparison, names: tuple[str, str]) -> RenderableType:
    """`streamlab compare` of two sets, which go by `names`."""
    table = plain_table()
    for name in COLUMNS:
        is_word = name in ("", "verdict")
        table.add_column(name, justify="left" if is_word else "right", no_wrap=True)
    for metric in comparison.metrics:
        *cells, verdict = metric_cells(metric)
        table.add_row(*cells, Text(verdict, _STYLES[metric.verdict]))
    heads = [Text(line, "bold") for line in heads_of(comparison, names)]
    said = [Text(line, "dim") for line in judged_by(comparison)]
    return Group(*heads, Text(), table, Text(), *said)


def metric_cells(metric: MetricComparison) -> tuple[str, ...]:
    """What stands in each column."""
    n = str(metric.n_a) if metric.n_a == metric.n_b else f"{metric.n_a}/{metric.n_b}"
    is_time = metric.name.endswith("_ns")
    medians = [_value(value, is_time=is_time) for value in (metric.median_a, metric.median_b)]
    ratio = "-" if metric.ratio is None else f"{metric.ratio:.2f}"
    interval = metric.ratio_interval
    shown = "-" if interval is None else f"{interval[0]:.2f}–{interval[1]:.2f}"  # noqa: RUF001
    p = "<0.001" if metric.p_holm < 0.001 else f"{metric.p_holm:.3f}"
    name = metric.name.removesuffix("_ns").replace("_", " ")
    return name, n, *medians, ratio, shown, p, metric.verdict


def _value(value: float | None, *, is_time: bool) -> str:
    if value is None:
        return "-"
    return format_ns(round(value)) if is_time else format_rate(value)


def heads_of(comparison: SetComparison, names: tuple[str, str]) -> Iterator[str]:
    """Which set is which, safe to show."""
    counts = (
        (comparison.streams_a, comparison.cut_a),
        (comparison.streams_b, comparison.cut_b),
    )
    for side, name, (streams, cut) in zip("ab", names, counts, strict=True):
        short = f", {cut:,} of them cut" if cut else ""
        count = "1 stream" if streams == 1 else f"{streams:,} streams"
        yield f"{side}  {one_line(name, 60)}: {count}{short}"


def judged_by(comparison: SetComparison) -> Iterator[str]:
    """How it was judged."""
    criteria = comparison.criteria
    test = "Wilcoxon, of pairs" if comparison.is_paired else "Mann-Whitney U"
    floors = f"{criteria.min_change * 100:g} % and {format_ns(round(criteria.min_ns))}"
    yield f"better, worse: by more than {floors} (a tenth of that per token or gap),"
    count = len(comparison.metrics)
    yield f"and p < {criteria.alpha:g} ({test}, corrected by Holm for {count} metrics)"
