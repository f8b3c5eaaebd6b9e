"""Two sets of streams: the tests against published figures, and what the verdict promises."""

import builtins
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import Analysis, analyze
from streamlab.comparison import Criteria, MetricComparison, compare_sets, pairs
from streamlab.comparison.rank_test import change, holm, rank_p
from streamlab.errors import InputError
from tests.conftest import make_recording

MS = 1_000_000
# One as of a stream in which nothing was measured.
NOTHING = replace(analyze(make_recording()), ttft_ns=None, latency_ns=None, total_ns=None)
SIGMA = 0.25


def streams(ttfts_ms: Sequence[float], **fields: Any) -> list[Analysis]:
    """Streams of which nothing but the first token is known."""
    return [
        replace(NOTHING, ttft_ns=round(ms * MS), ttfat_ns=round(ms * MS), **fields)
        for ms in ttfts_ms
    ]


def compared(a: Sequence[float], b: Sequence[float], **options: Any) -> MetricComparison:
    (metric,) = compare_sets(streams(a), streams(b), **options).metrics
    return metric


def test_mann_whitney_as_scipy_documents_it() -> None:
    """The ages at diagnosis of scipy.stats.mannwhitneyu's example, exact; and with ties, from the
    formula by hand."""
    males, females = [19, 22, 16, 29, 24], [20, 11, 17, 12]
    assert pytest.approx(0.1111111111111111) == rank_p(males, females, paired=False)
    # U = 0.5 of 81; the ranks 9.5 and 9.5 tie. sigma² = 81 / 12 (19 - 6 / (18 · 17)) without the
    # correction for continuity of 0.5 to be added.
    a, b = [1.0, 2, 3, 4, 5, 6, 7, 8, 9], [9.0, 10, 11, 12, 13, 14, 15, 16, 17]
    z = (40.5 - 0.5 - 0.5) / math.sqrt(81 / 12 * (19 - 6 / (18 * 17)))
    assert pytest.approx(math.erfc(z / math.sqrt(2))) == rank_p(a, b, paired=False)


def test_wilcoxon_as_scipy_documents_it() -> None:
    """The heights of maize of scipy.stats.wilcoxon's example; pairs that are equal say nothing."""
    differences = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]
    before = [100.0] * len(differences)
    after = [100.0 + each for each in differences]
    assert pytest.approx(0.041259765625) == rank_p(before, after, paired=True)
    assert 1.0 == rank_p([1.0, 2], [1.0, 2], paired=True)
    assert 1.0 == rank_p([3.0, 3], [3.0, 3, 3], paired=False)


def test_holm_by_hand() -> None:
    """The least times 4, the next times 3 …; never falling, never above 1."""
    assert pytest.approx([0.03, 0.06, 0.06, 0.02]) == holm([0.01, 0.04, 0.03, 0.005])
    assert pytest.approx([1.0, 1.0]) == holm([0.9, 0.8])
    assert [] == holm([])


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=30),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=30),
    st.booleans(),
)
def test_exchanging_the_sets_exchanges_the_verdict(
    a: list[int], b: list[int], paired: bool
) -> None:
    """Better one way is worse the other way; all else stays."""
    if paired:
        a, b = a[: len(b)], b[: len(a)]
    forth = compared(a, b, paired=paired)
    back = compared(b, a, paired=paired)
    mirrored = {"better": "worse", "worse": "better"}
    assert mirrored.get(forth.verdict, forth.verdict) == back.verdict
    assert forth.ratio is not None
    assert back.ratio is not None
    assert math.isclose(forth.ratio, 1 / back.ratio)
    assert forth.difference_interval is None or back.difference_interval is not None
    if sorted(a) != sorted(b) and forth.difference_interval and back.difference_interval:
        low, high = forth.difference_interval
        assert pytest.approx((-high, -low)) == back.difference_interval


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.booleans())
def test_a_set_is_no_better_than_itself(values: list[int], paired: bool) -> None:
    """Paired it is the same, where there are enough of them."""
    verdict = compared(values, values, paired=paired).verdict
    assert verdict in (("same",) if paired and len(values) >= 6 else ("same", "inconclusive"))


def lognormal(n: int, *, seed: int, median: float = 300.0) -> list[float]:
    draw = random.Random(seed)
    return [median * math.exp(draw.gauss(0, SIGMA)) for _ in range(n)]


def test_halves_of_one_set_differ_in_at_most_5_of_100() -> None:
    """Whatever is found between them is chance. 200 streams, lognormal, sigma 0.25."""
    verdicts = []
    for seed in range(100):
        drawn = lognormal(200, seed=seed)
        verdicts.append(compared(drawn[:100], drawn[100:]).verdict)
    assert sum(verdict in ("same", "inconclusive") for verdict in verdicts) >= 95


def test_a_fifth_more_is_found_in_95_of_100() -> None:
    """100 streams a side, lognormal, sigma 0.25."""
    verdicts = [
        compared(lognormal(100, seed=seed), lognormal(100, seed=seed + 1000, median=360.0)).verdict
        for seed in range(100)
    ]
    assert verdicts.count("worse") >= 95


def test_pairs_find_what_lies_hidden_between_prompts() -> None:
    """Prompts that differ a hundredfold, and a fifth more on each of them."""
    a = [20.0 * 1.2**step for step in range(24)]
    b = [value * 1.2 for value in a]
    assert "inconclusive" == compared(a, b).verdict
    metric = compared(a, b, paired=True)
    assert "worse" == metric.verdict
    assert pytest.approx(1.2) == metric.ratio


SLOW, FAST = [121.0 + step / 10 for step in range(20)], [100.0 + step / 10 for step in range(20)]


def test_a_change_has_to_be_above_both_floors() -> None:
    """21 % and 21 ms, whatever p."""
    assert "worse" == compared(FAST, SLOW).verdict
    assert "better" == compared(SLOW, FAST).verdict
    assert "same" == compared(FAST, SLOW, criteria=Criteria(min_change=0.25)).verdict
    assert "same" == compared(FAST, SLOW, criteria=Criteria(min_ns=25 * MS)).verdict
    assert "inconclusive" == compared(FAST, SLOW, criteria=Criteria(alpha=1e-12)).verdict


def test_a_rate_is_better_higher_and_has_no_floor_of_time() -> None:
    """A tenth of the floor counts for times per token."""
    fast = [replace(NOTHING, tps_user=120.0 + step / 10) for step in range(20)]
    slow = [replace(NOTHING, tps_user=100.0 + step / 10) for step in range(20)]
    (metric,) = compare_sets(slow, fast).metrics
    assert ("tps_user", "better") == (metric.name, metric.verdict)
    few = [replace(NOTHING, tpot_ns=10 * MS + step) for step in range(20)]
    some = [replace(NOTHING, tpot_ns=12 * MS + step) for step in range(20)]
    assert "worse" == compare_sets(few, some).metrics[0].verdict
    assert "same" == compare_sets(few, some, criteria=Criteria(min_ns=30 * MS)).metrics[0].verdict


def test_few_streams_prove_nothing() -> None:
    """From six on there is an interval; nothing measured on one side is no verdict either."""
    assert "inconclusive" == compared(FAST[:5], SLOW[:5]).verdict
    assert compared(FAST[:5], SLOW[:5]).ratio_interval is None
    assert "worse" == compared(FAST[:6], SLOW[:6]).verdict
    (metric,) = compare_sets(streams(FAST), [NOTHING] * 20).metrics
    assert (20, 0, None, "inconclusive") == (
        metric.n_a,
        metric.n_b,
        metric.median_b,
        metric.verdict,
    )
    assert () == compare_sets([], []).metrics


def test_a_median_of_zero_has_no_ratio() -> None:
    """The difference decides."""
    metric = compared([0.0] * 20, [40.0] * 20)
    assert (None, None, 40.0 * MS, "worse") == (
        metric.ratio,
        metric.ratio_interval,
        metric.difference,
        metric.verdict,
    )
    assert "same" == compared([0.0] * 20, [1.0] * 20).verdict


def test_the_first_answer_counts_only_where_something_reasons() -> None:
    """Else it would be tested twice."""
    names = [metric.name for metric in compare_sets(streams(FAST), streams(SLOW)).metrics]
    assert ["ttft_ns"] == names
    reasoning = [replace(each, ttfat_ns=500 * MS) for each in streams(SLOW)]
    names = [metric.name for metric in compare_sets(streams(FAST), reasoning).metrics]
    assert ["ttft_ns", "ttfat_ns"] == names


def test_pairs_need_both() -> None:
    """A pair in which one was not measured is left out; sets of two lengths are no pairs."""
    b = [NOTHING, *streams(SLOW[1:])]
    (metric,) = compare_sets(streams(FAST), b, paired=True).metrics
    assert (19, 19) == (metric.n_a, metric.n_b)
    with pytest.raises(ValueError, match="20 and 3 streams make no pairs"):
        compare_sets(streams(FAST), streams(SLOW[:3]), paired=True)


def test_equal_keys_make_pairs_in_their_order() -> None:
    """What has no counterpart is left out."""
    assert [(0, 1), (1, 2), (2, 3)] == pairs(["x", "y", "x", "z", "x"], ["w", "x", "y", "x"])


def test_the_same_seed_draws_the_same() -> None:
    """And large samples are drawn in parts."""
    a, b = lognormal(40, seed=1), lognormal(50, seed=2)
    assert change(a, b, paired=False, seed=7) == change(a, b, paired=False, seed=7)
    assert change(a, b, paired=False, seed=7) != change(a, b, paired=False, seed=8)


def test_the_interval_is_one_of_95_percent() -> None:
    """Of a median of 101 even values that of the binomial is from the 41st to the 61st; of a
    ratio to one value that does not vary it is the same."""
    found = change([100.0] * 101, [100.0 + step for step in range(101)], paired=False, seed=3)
    assert found.difference_interval is not None
    assert found.ratio_interval is not None
    assert pytest.approx((40, 60), abs=2) == found.difference_interval
    assert pytest.approx((1.4, 1.6), abs=0.02) == found.ratio_interval


def test_without_scipy_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra by its name."""
    imported = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name in ("numpy", "scipy"):
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError) as raised:
        compare_sets(streams(FAST), streams(SLOW))
    assert "pip install 'streamlab-toolkit[stats]'" == raised.value.hint
