"""Two recordings on one time line: where they part, what came later, what came together."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import read_stream
from streamlab.cassette import read_cassette
from streamlab.comparison import RunPair, StreamComparison, compare_streams
from streamlab.comparison.event_runs import Run, pair_runs, runs_of
from streamlab.recording import UNTIMED, Read, Recording
from tests.conftest import DONE, FINISH, FIXTURES, chat_event, make_recording
from tests.timed import MS, timed

WORDS = ["The", "tide", "comes", "in", "twice", "a", "day,", "a", "little", "later", "each", "time"]


def said(*pieces: tuple[int, str]) -> Recording:
    """A chat that says these at these times, in ms."""
    reads = [(ms * MS, chat_event(text)) for ms, text in pieces]
    return timed([*reads, (10_000 * MS, FINISH + DONE)], end_ns=10_001 * MS)


def evenly(*texts: str, after_ms: int = 100, apart_ms: int = 30) -> Recording:
    return said(*((after_ms + apart_ms * n, text) for n, text in enumerate(texts)))


def delays_ms(comparison: StreamComparison) -> tuple[float, float]:
    assert comparison.delay is not None
    return comparison.delay.first_ns / MS, comparison.delay.last_ns / MS


def test_equal_recordings_differ_in_nothing() -> None:
    """No parting, no delay, each run with its counterpart."""
    recording = evenly(*WORDS)
    found = compare_streams(recording, recording)
    assert () == found.partings == found.headers
    assert all(mark.added_ns == 0 for mark in found.marks)
    assert found.delay is not None
    assert (0, 0, 0) == (found.delay.delays.max_ns, found.delay.delays.min_ns, found.delay.drift_ns)
    assert all(pair.a == pair.b for pair in found.runs)
    assert (0, 0) == (found.coalesced_in_a.reads, found.coalesced_in_b.reads)


def test_where_texts_part_is_told_with_events_and_times() -> None:
    """The first character that differs, in the event that holds it on either side."""
    a = said((100, "The number "), (130, "one is"), (160, " odd"))
    b = said((200, "The "), (240, "number o"), (280, "f the beast"))
    (parting,) = compare_streams(a, b).partings
    assert ("text", 0, 12, "The number o") == (
        parting.kind, parting.choice, parting.offset, parting.before,
    )  # fmt: skip
    assert parting.a is not None
    assert parting.b is not None
    assert (1, 1, 130 * MS) == parting.a[:3]
    assert (2, 2, 280 * MS) == parting.b[:3]
    assert ("ne is odd", "f the beast") == (parting.text_a, parting.text_b)


def test_a_text_that_ends_early_parts_at_its_end() -> None:
    """There is no event on that side."""
    (parting,) = compare_streams(evenly("one", " two"), evenly("one")).partings
    assert (3, None, " two", "") == (parting.offset, parting.b, parting.text_a, parting.text_b)
    assert parting.a is not None
    assert (7, 3) == (parting.chars_a, parting.chars_b)


def test_output_is_aligned_by_its_text_however_it_is_cut() -> None:
    """Of each piece of `a`: when all that had been said by then had come in `b`."""
    a = said((100, "ab"), (200, "cd"), (300, "ef"))
    b = said((110, "a"), (130, "bc"), (250, "de"), (390, "f"))
    found = compare_streams(a, b)
    assert found.delay is not None
    assert ("text", 3, 30 * MS, 90 * MS) == (
        found.delay.aligned_by, found.delay.delays.n, found.delay.first_ns, found.delay.last_ns,
    )  # fmt: skip
    assert 30 * MS == found.delay.delays.min_ns


def test_two_answers_are_aligned_by_order() -> None:
    """The n-th piece with the n-th; what came together then tells nothing."""
    a, b = evenly(*"abcdef"), evenly(*"uvwxyz", after_ms=150)
    found = compare_streams(a, b)
    assert found.delay is not None
    assert "order" == found.delay.aligned_by
    assert (50, 50) == delays_ms(found)
    nearly = compare_streams(a, evenly(*"abwxyz")).delay  # two of six are the same
    assert nearly is not None
    assert "order" == nearly.aligned_by
    joined = replace(b, reads=(Read(at_ns=5 * MS, data=b.body),))
    assert 0 == compare_streams(a, joined).coalesced_in_b.reads


def test_drift_is_how_much_the_delay_grows() -> None:
    """Medians of the last and first quarter: of 12 words the delays 0, 5, 10 … 55 ms."""
    found = compare_streams(evenly(*WORDS), evenly(*WORDS, apart_ms=35))
    assert found.delay is not None
    assert (0, 55) == delays_ms(found)
    assert 45 * MS == found.delay.drift_ns
    few = compare_streams(evenly(*WORDS[:7]), evenly(*WORDS[:7], apart_ms=35)).delay
    assert few is not None
    assert few.drift_ns is None


def test_what_one_brings_at_once_and_the_other_bit_by_bit() -> None:
    """How many reads, of how many, and how long the first of them had to wait."""
    a = evenly(*WORDS)
    times = [read.at_ns for read in a.reads[:12]]
    joined = [Read(times[n + 3], b"".join(r.data for r in a.reads[n : n + 4])) for n in (0, 4, 8)]
    b = replace(a, reads=(*joined, *a.reads[12:]))
    found = compare_streams(a, b)
    assert (3, 12, 90 * MS) == tuple(found.coalesced_in_b)
    assert (0, 0, 0) == tuple(found.coalesced_in_a)
    mirrored = compare_streams(b, a)
    assert found.coalesced_in_b == mirrored.coalesced_in_a


def test_headers_that_differ() -> None:
    """By name in any case, several values joined; the date never counts."""
    a = make_recording(headers=(("Date", "1"), ("Server", "x"), ("A", "1"), ("a", "2")))
    b = make_recording(headers=(("date", "2"), ("server", "x"), ("a", "1"), ("Via", "gw")))
    assert [("a", "1, 2", "1"), ("via", None, "gw")] == [*compare_streams(a, b).headers]
    nothing = replace(b, response=None)
    assert [("a", "1", None), ("server", "x", None), ("via", "gw", None)] == [
        *compare_streams(b, nothing).headers
    ]


def test_untimed_recordings_have_no_delay() -> None:
    """What is said can be compared, times cannot."""
    a = evenly(*WORDS)
    found = compare_streams(a, replace(a, tags=(UNTIMED,)))
    assert found.delay is None
    assert () == found.partings
    assert all(mark.b_ns is None for mark in found.marks)


def test_keep_alives_end_no_run() -> None:
    """They are counted, and stand in none."""
    plain = evenly(*WORDS)
    reads = (
        *plain.reads[:5],
        Read(plain.reads[4].at_ns, b": ping\n\n" + chat_event("")),
        *plain.reads[5:],
    )
    found = compare_streams(plain, replace(plain, reads=reads))
    assert ["text", "finish", "end"] == [pair.a.kind for pair in found.runs if pair.a]
    assert [("empty", 0, 1), ("comment", 0, 1)] == [
        item[1:] for item in found.items if item.a != item.b
    ]


def test_runs_of_another_dialect_have_no_counterpart() -> None:
    """Those of one kind stand together, in the order of both."""
    first, second = (
        read_cassette(FIXTURES / f"systems/fastgpt-{name}.jsonl")[0] for name in ("tools", "detail")
    )
    found = compare_streams(first, second)
    assert found.runs
    assert [*runs_of(read_stream(first))] == [pair.a for pair in found.runs if pair.a]
    assert [*runs_of(read_stream(second))] == [pair.b for pair in found.runs if pair.b]


RUNS = st.lists(st.sampled_from("abc"), max_size=20).map(
    lambda kinds: [Run("message", kind, n, (n,)) for n, kind in enumerate(kinds)]
)


@given(RUNS, RUNS)
def test_each_run_is_in_one_pair(a: list[Run], b: list[Run]) -> None:
    """In its order; pairs are of one type and kind, and none is empty."""
    found = pair_runs(a, b)
    assert a == [pair.a for pair in found if pair.a is not None]
    assert b == [pair.b for pair in found if pair.b is not None]
    assert RunPair(None, None) not in found
    assert all(pair.a.label == pair.b.label for pair in found if pair.a and pair.b)
    assert [*found] == [*pair_runs(a, a)] or a != b


def test_runs_without_end_are_not_searched_for_hours() -> None:
    """Thousands that alternate: beyond a limit all of one, then all of the other."""
    a = [Run("message", "ab"[n % 2], n, (n,)) for n in range(4000)]
    b = [Run("message", "ba"[n % 2], n, (n,)) for n in range(4000)]
    assert 8000 == len(pair_runs(a, b))


@settings(max_examples=50)
@given(
    st.lists(st.binary(max_size=40), max_size=6),
    st.lists(st.sampled_from([chat_event("x"), FINISH, DONE, b": c\n\n", b"\xff"]), max_size=8),
)
def test_any_bytes_can_be_compared(first: list[bytes], second: list[bytes]) -> None:
    """What differs one way differs the other way."""
    a, b = make_recording(*first), make_recording(*second)
    forth, back = compare_streams(a, b), compare_streams(b, a)
    assert len(forth.partings) == len(back.partings)
    assert [mark.added_ns for mark in forth.marks] == [
        None if mark.added_ns is None else -mark.added_ns for mark in back.marks
    ]


@settings(max_examples=50)
@given(st.lists(st.text("ab", min_size=1, max_size=4), min_size=1), st.data())
def test_the_same_text_in_any_pieces_does_not_part(texts: list[str], data: st.DataObject) -> None:
    """And each piece of `a` is aligned."""
    whole = "".join(texts)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole)))) | {len(whole)})
    pieces = [whole[start:stop] for start, stop in zip([0, *cuts], cuts, strict=False)]
    found = compare_streams(evenly(*texts), evenly(*pieces))
    assert () == found.partings
    assert found.delay is not None
    assert (len(texts), "text") == (found.delay.delays.n, found.delay.aligned_by)
