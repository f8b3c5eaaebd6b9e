"""Marks, gaps, rates and the figures made of them, and the invariants that hold for any stream."""

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.analysis import (
    Analysis,
    Deadlines,
    Instant,
    analyze,
    distribution,
    fluidity_index,
    interval,
)
from streamlab.recording import Recording
from streamlab.report import analysis_view
from streamlab.store.rows import metrics
from tests.conftest import DONE, chat_event
from tests.test_report import shown
from tests.timed import MS, chat_chunk, timed

ROLE = chat_chunk('{"role":"assistant"}')
THOUGHT = chat_chunk('{"reasoning_content":"hm"}')
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'


def usage(tokens: int) -> str:
    return f',"usage":{{"completion_tokens":{tokens}}}'


def test_every_mark_has_its_event_and_its_read() -> None:
    """The head and the end are neither; events and reads are counted from 0."""
    marks = analyze(
        timed(
            [
                (20, b": hi\n\n"),
                (30, ROLE + THOUGHT),
                (40, chat_event("a")),
                (50, chat_event("b") + FINISH),
                (60, chat_chunk("{}", usage(9)) + DONE + DONE),
            ],
            end_ns=70,
        )
    ).marks
    assert {
        "headers": Instant(5_000_000),
        "first_byte": Instant(20, None, 0),
        "first_event": Instant(30, 0, 1),
        "first_token": Instant(30, 1, 1),
        "first_answer": Instant(40, 2, 2),
        "last_token": Instant(50, 3, 3),
        "finish": Instant(50, 4, 3),
        "usage": Instant(60, 5, 4),
        "done": Instant(60, 6, 4),
        "eof": Instant(70),
    } == {field.name: getattr(marks, field.name) for field in fields(marks)}


PIECES = (
    ROLE, THOUGHT, FINISH, DONE, b": x\n\n", b"data: {\n\n", b"\xff", chat_event("a"),
    chat_event("b") * 6, chat_chunk('{"content":"c"}', usage(3)), chat_chunk("{}", usage(0)),
    chat_chunk("{}", usage(50)),
)  # fmt: skip
STREAMS = st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from(PIECES)), max_size=12)


def stream_of(pieces: list[tuple[int, bytes]], reason: str = "complete") -> Recording:
    """Each piece so many ns after the one before, the first after the head."""
    at_ns = 5_000_000
    reads = []
    for after_ns, data in pieces:
        at_ns += after_ns
        reads.append((at_ns, data))
    return timed(reads, end_ns=at_ns + 1, reason=reason)  # type: ignore[arg-type]


@given(STREAMS, st.sampled_from(["complete", "timeout"]))
def test_invariants_of_any_stream(pieces: list[tuple[int, bytes]], reason: str) -> None:
    """Marks are in order, gaps add up, and a part is never longer than the whole."""
    analysis = analyze(stream_of(pieces, reason), stall_ns=100 * MS)
    marks = analysis.marks
    order = (
        marks.headers, marks.first_byte, marks.first_event, marks.first_token, marks.first_answer,
        marks.last_token if marks.first_answer else None, marks.eof,
    )  # fmt: skip
    times_ns = [mark.at_ns for mark in order if mark]
    assert sorted(times_ns) == times_ns
    for gap in (*analysis.gap_list, *analysis.stalls):
        assert gap.start_ns <= gap.stop_ns
    if analysis.latency_ns is None or analysis.ttft_ns is None:
        assert () == analysis.gap_list
        return
    assert analysis.latency_ns - analysis.ttft_ns == analysis.generation_ns
    assert analysis.generation_ns == sum(analysis.gaps_ns)
    assert analysis.total_ns == analysis.latency_ns + (analysis.tail_ns or 0)
    assert analysis.gaps.max_ns == (
        analysis.longest_gap.duration_ns if analysis.longest_gap else None
    )
    assert analysis.stalled_ns == sum(stall.duration_ns for stall in analysis.stalls)
    assert sum(burst.events for burst in analysis.bursts) <= analysis.output_events
    if analysis.output_tokens:
        share_ns = analysis.latency_ns / analysis.output_tokens
        assert round(share_ns) == analysis.tpot_incl_first_ns
        assert analysis.tpot_ns is None or analysis.output_tokens > 1


MADE_OF_OUTPUT = (
    "ttft_ns", "ttfat_ns", "thinking_ns", "generation_ns", "latency_ns", "tail_ns", "tpot_ns",
    "tpot_incl_first_ns", "tps_user", "tps_e2e", "tokens_per_chunk", "ttst_gap_ns", "longest_gap",
    "stalled_ns", "longest_stall_ns", "fluidity_index",
)  # fmt: skip


@given(STREAMS.map(lambda pieces: [piece for piece in pieces if b'"content":"' not in piece[1]]))
def test_a_stream_without_output_gives_no_sample(pieces: list[tuple[int, bytes]]) -> None:
    """Not measured is None, not zero, and has no row in a library."""
    pieces = [piece for piece in pieces if piece[1] != THOUGHT]
    analysis = analyze(stream_of(pieces), deadlines=Deadlines(first_ns=1, next_ns=1))
    assert {None} == {getattr(analysis, name) for name in MADE_OF_OUTPUT}
    assert not metrics(analysis, ()).keys() & {*MADE_OF_OUTPUT}


def test_what_has_no_times_has_no_marks() -> None:
    """Tokens are counted all the same."""
    recording = stream_of([(1, chat_event("a") * 6), (900 * MS, chat_event("b"))])
    analysis = analyze(replace(recording, tags=("untimed",)), stall_ns=0)
    assert {None} == {getattr(analysis.marks, field.name) for field in fields(analysis.marks)}
    assert (7, ()) == (analysis.output_tokens, analysis.bursts + analysis.stalls)
    names = {name for name in metrics(analysis, ()) if name.endswith("_ns")}
    assert set() == names


def test_gaps_and_stalls_name_the_event_that_ended_them() -> None:
    """And its read; the silence before a bad end is ended by none."""
    recording = timed(
        [(10, ROLE + chat_event("a")), (20, b": x\n\n"), (70, chat_event("b") + chat_event("c"))],
        end_ns=200,
        reason="timeout",
    )
    analysis = analyze(recording, stall_ns=55)
    assert [(10, 70, 2, 2), (70, 70, 3, 2)] == list(analysis.gap_list)
    assert [(10, 70, 2, 2), (70, 200, None, None)] == list(analysis.stalls)
    assert (130, 190) == (analysis.longest_stall_ns, analysis.stalled_ns)
    assert (60, (10, 70, 2, 2)) == (analysis.ttst_gap_ns, analysis.longest_gap)
    assert (20, 70, None, 2) == analysis.byte_silence


def test_comments_end_the_silence_of_bytes_and_not_that_of_output() -> None:
    """Which is why both are told; and only where they differ."""
    waits = [(n * 10 * MS, b": x\n\n") for n in range(2, 9)]
    output = [(10 * MS, chat_event("a")), (90 * MS, chat_event("b"))]
    quiet, waited = (timed(sorted([*output, *more]), end_ns=91 * MS) for more in ([], waits))
    assert (80 * MS, 10 * MS) == _silences(analyze(waited))
    assert (80 * MS, 80 * MS) == _silences(analyze(quiet))
    told = [any("byte silence" in line for line in _lines(each)) for each in (quiet, waited)]
    assert [False, True] == told


def _silences(analysis: Analysis) -> tuple[int, int]:
    assert analysis.longest_gap is not None
    assert analysis.byte_silence is not None
    return analysis.longest_gap.duration_ns, analysis.byte_silence.duration_ns


def _lines(recording: Recording) -> list[str]:
    return shown(analysis_view([analyze(recording)], [()]), 80)


@pytest.mark.parametrize(
    ("in_first", "tokens", "tpot_ns"),
    [
        ("", 42, 410_000 / 41),  # the first says nothing: it is one token
        (usage(2), 42, 410_000 / 40),  # its own usage says two
        (usage(42), 42, 410_000 / 41),  # nothing is left after it: that is no count of the first
        (usage(0), 42, 410_000 / 41),
    ],
)
def test_tpot_leaves_out_the_tokens_of_the_first_chunk(
    in_first: str, tokens: int, tpot_ns: float
) -> None:
    """They were there before its time began."""
    reads = [(100_000, chat_chunk('{"content":"a"}', in_first)), (510_000, chat_event("b"))]
    last = (600_000, chat_chunk("{}", usage(tokens)))
    analysis = analyze(timed([*reads, last], end_ns=700_000))
    assert round(tpot_ns) == analysis.tpot_ns
    assert (round(510_000 / 42), round(700_000 / 42)) == (
        analysis.tpot_incl_first_ns,
        analysis.ntpot_ns,
    )


@pytest.mark.parametrize(("tokens", "is_coarse"), [(4, False), (5, False), (6, True)])
def test_chunks_of_many_tokens_are_coarse(tokens: int, is_coarse: bool) -> None:
    """Above 1.25 tokens a chunk; a count of deltas says nothing about chunks."""
    output = [(number, chat_event("a")) for number in range(1, 5)]
    analysis = analyze(timed([*output, (9, chat_chunk("{}", usage(tokens)))], end_ns=10))
    assert (tokens / 4, is_coarse) == (analysis.tokens_per_chunk, analysis.is_coarse)
    counted = analyze(timed(output, end_ns=10))
    assert (None, False) == (counted.tokens_per_chunk, counted.is_coarse)


def bursts(*times_us: int) -> list[tuple[int, int, int | None]]:
    """Events, wait in µs and first event of each burst."""
    reads = [(time_us * 1000, chat_event("a")) for time_us in times_us]
    found = analyze(timed(reads, end_ns=10**10)).bursts
    return [(burst.events, burst.wait_ns // 1000, burst.event) for burst in found]


def test_a_burst_is_many_events_at_once_after_a_long_wait() -> None:
    """11 in 35 µs after 515 ms, as a recorder that buffered once sent them."""
    assert [(11, 515_000, 0)] == bursts(*range(515_000, 515_035, 3)[:11])
    five = range(200_000, 201_000, 200)
    assert [(5, 200_000, 0)] == bursts(*five)
    assert [(5, 150_000, 1)] == bursts(50_000, *five)
    assert [(5, 200_000, 0), (6, 99_200 + 800, 5)] == bursts(
        *five, *range(300_800, 300_806), 300_806 + 201
    )


def test_what_is_no_burst() -> None:
    """Too few, too slow, or after too short a wait."""
    assert [] == bursts()
    assert [] == bursts(*range(200_000, 200_800, 200))
    assert [] == bursts(*range(200_000, 201_005, 201))
    assert [] == bursts(100_001, *range(200_000, 201_000, 200))


def test_bursts_are_told_where_there_are_any() -> None:
    """A line that says how many, of how many events."""
    line = next(
        line for line in _lines(stream_of([(MS * 400, chat_event("a") * 7)])) if "burst" in line
    )
    assert "1, of 7 events" in line
    assert not any("burst" in line for line in _lines(stream_of([(MS, chat_event("a") * 7)])))


def test_jitter_is_that_of_reads() -> None:
    """Two events a read make no zeros; a standard deviation of n - 1, over the mean."""
    once, twice = (
        analyze(timed([(at_ns, chat_event("a") * n) for at_ns in (100, 200, 500)], end_ns=501))
        for n in (1, 2)
    )
    assert pytest.approx(math.sqrt(2 * 100**2) / 200) == once.jitter.cv
    assert once.jitter == twice.jitter
    assert once.jitter.ratio is None


def test_jitter_compares_the_99th_percentile_with_the_median() -> None:
    """Where there are enough gaps for one."""
    at_ns = 0
    reads = []
    for number in range(501):
        at_ns += 900 if number % 50 == 0 else 300
        reads.append((at_ns, chat_event("a")))
    assert 3.0 == analyze(timed(reads, end_ns=at_ns)).jitter.ratio


@pytest.mark.parametrize(
    ("ttft_ns", "gaps_ns", "share"),
    [
        (None, [], None),
        (100, [], 1.0),  # a tie is in time
        (101, [], 0.0),
        (100, [10, 10], 1.0),
        (90, [20, 11], 2 / 3),  # 10 to spare, used up by the second; the third is late
        (100, [5, 15, 10], 1.0),
        (100, [35], 1 / 4),  # three deadlines went by
        (95, [35], 1 / 4),
        (95, [34], 1 / 3),
        (100, [35, 10], 2 / 5),  # and the next begins anew
        (95, [34, 15], 1 / 4),  # without what was left before
        (1000, [10, 10], 2 / 3),
    ],
)
def test_fluidity_is_the_share_of_deadlines_that_were_met(
    ttft_ns: int | None, gaps_ns: list[int], share: float | None
) -> None:
    """The first after 100, each other after 10; what is spared may be spent."""
    deadlines = Deadlines(first_ns=100, next_ns=10)
    assert share == fluidity_index(ttft_ns, gaps_ns, deadlines)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6)), st.integers(1, 10**5))
def test_fluidity_is_a_share(ttft_ns: int, gaps_ns: list[int], next_ns: int) -> None:
    """More patience never makes it less where no slack is left to carry."""
    share = fluidity_index(ttft_ns, gaps_ns, Deadlines(first_ns=10**6, next_ns=next_ns))
    assert share is not None
    assert 0 < share <= 1
    assert 1 == fluidity_index(ttft_ns, gaps_ns, Deadlines(first_ns=10**6, next_ns=10**6))


@pytest.mark.parametrize("percent", [50, 90, 95, 99])
@pytest.mark.parametrize("n", [6, 7, 36, 37, 72, 100, 368, 369, 1000])
def test_an_interval_leaves_out_at_most_2_5_percent_on_either_side(percent: int, n: int) -> None:
    """Against the whole binomial distribution; and no narrower one does."""
    found = interval(range(1, n + 1), percent)
    if found is None:
        assert distribution(range(n)).p50_ns is not None
        assert 1 - (percent / 100) ** n < 0.975
        return
    low, high = found
    assert _at_most(low - 1, n, percent) <= 0.025 < _at_most(low, n, percent)
    assert _at_most(high - 2, n, percent) < 0.975 <= _at_most(high - 1, n, percent)


def _at_most(k: int, n: int, percent: int) -> float:
    q = percent / 100
    return math.fsum(math.comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k + 1))


@given(st.lists(st.integers(0, 10**12), min_size=6, max_size=400))
def test_a_percentile_lies_in_its_interval(values_ns: list[int]) -> None:
    """Each of those there are."""
    summary = distribution(values_ns)
    for percent in (50, 90, 95, 99):
        value_ns = getattr(summary, f"p{percent}_ns")
        interval = getattr(summary, f"p{percent}_interval_ns")
        assert (value_ns is None) == (interval is None)
        if interval is not None:
            low_ns, high_ns = interval
            assert low_ns <= value_ns <= high_ns
