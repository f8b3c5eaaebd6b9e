"""Made-up times: the same from the same seed, within the jitter; everything else stays."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.pace import Pace, is_untimed, paced
from streamlab.recording import Mark
from tests.conftest import make_recording

MS = 1_000_000
paces = st.builds(
    Pace,
    ttft_ms=st.floats(0, 10_000),
    itl_ms=st.floats(0, 1000),
    jitter=st.floats(0, 1),
    seed=st.integers(),
)


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=20), paces)
def test_a_pace_changes_times_only(pieces: list[bytes], pace: Pace) -> None:
    """Bytes, boundaries, head and end stay; times never go back; the same seed, the same times."""
    recording = make_recording(*pieces)
    made = paced(recording, pace)
    assert pieces == [read.data for read in made.reads]
    assert recording.response is not None
    assert made.response is not None
    assert made.end is not None
    assert recording.response.headers == made.response.headers
    assert "complete" == made.end.reason
    times = [made.response.at_ns, *(read.at_ns for read in made.reads), made.end.at_ns]
    assert sorted(times) == times
    assert made == paced(recording, pace)


@given(paces)
def test_jitter_is_relative_and_bounded(pace: Pace) -> None:
    """Each wait is off by at most its share."""
    made = paced(make_recording(*[b"x"] * 20), pace)
    times = [read.at_ns for read in made.reads]
    waits = [b - a for a, b in pairwise(times)]
    for mean, wait in [(pace.ttft_ms * MS, times[0]), *((pace.gap_ns, wait) for wait in waits)]:
        assert abs(wait - mean) <= pace.jitter * mean + 1


def test_without_jitter_the_times_are_those_asked_for() -> None:
    """The first read after ttft, then one every itl, or tps a second; marks come before."""
    recording = make_recording(b"a", b"b", b"c")
    made = paced(recording, Pace(ttft_ms=300, itl_ms=20))
    assert [300 * MS, 320 * MS, 340 * MS] == [read.at_ns for read in made.reads]
    made = paced(recording, Pace(tps=50))
    assert [0, 20 * MS, 40 * MS] == [read.at_ns for read in made.reads]
    marked = replace(recording, marks=(Mark(name="connected", at_ns=10**9),))
    assert (Mark(name="connected", at_ns=MS),) == paced(marked, Pace(ttft_ms=1)).marks


def test_seeds_differ_and_a_cut_stream_keeps_its_times() -> None:
    """Each wait depends on the seed, the recording and the read's number alone."""
    pace = Pace(itl_ms=100, jitter=0.5)
    whole = paced(make_recording(b"a", b"b", b"c"), pace)
    assert whole.reads[:2] == paced(make_recording(b"a", b"b"), pace).reads
    other_seed = Pace(itl_ms=100, jitter=0.5, seed=1)
    assert whole.reads != paced(make_recording(b"a", b"b", b"c"), other_seed).reads
    other = make_recording(b"a", b"b", b"c", recording_id="other")
    assert whole.reads != paced(other, pace).reads


@pytest.mark.parametrize(
    "wrong",
    [
        {"itl_ms": 1, "tps": 1},
        {"ttft_ms": -1},
        {"ttft_ms": float("nan")},
        {"itl_ms": float("inf")},
        {"tps": 0},
        {"tps": float("nan")},
        {"jitter": 1.1},
        {"jitter": -0.1},
    ],
)
def test_what_is_no_pace(wrong: dict[str, float]) -> None:
    """Two speeds, negative ones, endless ones."""
    with pytest.raises(ValueError, match=r"must be|one of them"):
        Pace(**wrong)  # type: ignore[arg-type]


def test_a_recording_is_untimed_by_its_tag() -> None:
    """Times of 0 alone say nothing."""
    assert not is_untimed(make_recording(b"a", gap_ns=0))
