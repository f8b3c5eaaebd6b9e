"""What people see: numbers readable, untrusted text drawn, everything fitted to the terminal."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.report import (
    ListingView,
    Selection,
    analysis_view,
    events_view,
    format_ns,
    format_rate,
    lay_out,
    one_line,
    reads_view,
    visible,
)
from streamlab.store import Library
from tests.conftest import CASSETTES, FIXTURES, make_recording


def shown(renderable: RenderableType, width: int) -> list[str]:
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return [line.rstrip() for line in capture.get().split("\n")]


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (None, "-"), (0, "0 ns"), (999, "999 ns"), (1_000, "1.00 µs"), (54_230, "54.2 µs"),
        (999_900, "1,000 µs"), (1_234_567, "1.23 ms"), (321_316_894, "321 ms"),
        (1_001_662_257, "1.00 s"), (83_000_000_000, "83.0 s"), (7_200_000_000_000, "7,200 s"),
        (-5_000_000, "-5.00 ms"),
    ],
)  # fmt: skip
def test_durations(duration_ns: int | None, text: str) -> None:
    """Three digits and a unit."""
    assert text == format_ns(duration_ns)


def test_rates() -> None:
    """Per second; unmeasured is a dash."""
    assert ["-", "0.00/s", "74.3/s", "1,234/s"] == [
        format_rate(rate) for rate in (None, 0.0, 74.321, 1234.2)
    ]


@given(st.text(), st.integers(1, 40))
def test_any_text_is_shown_on_one_line_without_controls(text: str, max_chars: int) -> None:
    """Cut to size, and nothing in it that a terminal obeys."""
    line = one_line(text, max_chars)
    assert len(line) <= max_chars
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in line)
    kept = visible(text)
    assert not any((ord(c) < 0x20 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in kept)


@pytest.mark.parametrize("width", [60, 80, 100, 250])
def test_a_listing_drops_columns_and_cuts_no_cell(library: Library, width: int) -> None:
    """Ids, ends and times can always be read."""
    library.add([recording for path in CASSETTES for recording in read_cassette(path)])
    summaries = library.summaries()
    lines = shown(ListingView(summaries), width)
    assert len(summaries) + 2 == len(lines)
    if width >= 80:
        assert all(cell_len(line) <= width for line in lines)
        for summary, line in zip(summaries, lines[1:], strict=False):
            assert summary.id in line
            assert str(summary.end_reason) in line
            assert format_ns(summary.total_ns) in line
    assert ("request" in lines[0]) == (width == 250)


@pytest.mark.parametrize("width", [80, 120])
def test_a_time_line_cuts_text_and_never_times(width: int) -> None:
    """Each row is one line, with its time and its gap."""
    (recording,) = read_cassette(FIXTURES / "systems/fastgpt-detail.jsonl")
    layout = lay_out(recording)
    for view in (events_view(layout, Selection()), reads_view(layout, Selection())):
        lines = shown(view, width)
        assert all(cell_len(line) <= width for line in lines)
        assert recording.end is not None
        assert format_ns(recording.end.at_ns) in lines[-2]
        assert all(line.lstrip()[0].isdigit() for line in lines[1:-1])


def test_gaps_are_drawn_to_one_scale() -> None:
    """The longest gap fills the column."""
    (recording,) = read_cassette(FIXTURES / "systems/fastgpt-error.jsonl")
    bars = [line.count("█") for line in shown(events_view(lay_out(recording), Selection()), 100)]
    assert 12 == max(bars)
    assert 1 == bars.count(12)


def test_two_analyses_stand_side_by_side() -> None:
    """At 80 columns none of the lines of two recordings wraps."""
    names = ("systems/assisters-chat", "llama.cpp/short")
    analyses = [analyze(read_cassette(FIXTURES / f"{name}.jsonl")[0]) for name in names]
    lines = shown(analysis_view(analyses, [(), ()]), 80)
    assert all(cell_len(line) <= 80 for line in lines)
    ttft = next(line for line in lines if line.startswith("ttft"))
    assert "248 ms" in ttft
    assert format_ns(analyses[1].ttft_ns) in ttft
    assert len(lines) <= 26


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: str(path.stem))
def test_an_analysis_of_one_recording_fits_into_80_columns(path: Path) -> None:
    """Its tables, too; all steps and event types are there, and no time is cut."""
    (recording,) = read_cassette(path)
    analysis = analyze(recording)
    lines = shown(analysis_view([replace(analysis, errors=())], [()]), 80)
    assert all(cell_len(line) <= 80 for line in lines), path
    text = "\n".join(lines)
    for step in analysis.steps:
        assert (step.label or step.name)[:22] in text
    assert "…" not in text


def test_steps_are_drawn_over_the_time_of_the_stream() -> None:
    """Fourteen columns, of which each bar takes its own; what is open reaches to the end."""
    told = [("started", "1", "a"), ("finished", "1", "a"), ("started", "2", "b\\u001b"),
            ("started", "3", "c"), ("finished", "3", "c"), ("finished", "9", "d")]  # fmt: skip
    node = 'data: {"event":"node_%s","data":{"id":"%s","title":"%s"}}\n\n'
    pieces = [(node % each).encode() for each in told]
    lines = shown(analysis_view([analyze(make_recording(*pieces, gap_ns=10_000_000))], [()]), 80)
    start = next(number for number, line in enumerate(lines) if line.startswith("step "))
    assert [
        "a     node_started   10.0 ms  10.0 ms            ██",
        "b␛    node_started   30.0 ms     open                ████████",
        "  c   node_started   40.0 ms  10.0 ms                  ██",
        "  d   node_finished        -        -                      ▏",
    ] == lines[start + 1 : start + 5]


def test_many_steps_are_not_all_shown() -> None:
    """Twenty, and how many more."""
    node = 'data: {"event":"node_started","data":{"id":"%d","title":"n"}}\n\n'
    body = "".join(node % number for number in range(1025)).encode()
    lines = shown(analysis_view([analyze(make_recording(body))], [()]), 80)
    assert "… and 1,005 more" == lines[-2]
    assert 20 == sum("node_started" in line for line in lines)
