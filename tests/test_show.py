"""`show` as a debugger: each form of any stream, places, folded runs, odd bytes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from streamlab.analysis import analyze
from streamlab.cassette import dumps, read_cassette
from streamlab.errors import InputError
from streamlab.recording import UNTIMED, Read, Recording
from streamlab.report import (
    Around,
    Growth,
    HexDump,
    Layout,
    Place,
    Selection,
    SideBySide,
    around_json,
    both_json,
    bytes_json,
    events_json,
    events_view,
    find_place,
    growth_json,
    lay_out,
    reads_json,
    reads_view,
)
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, FIXTURES, chat_event, make_recording

RELAY = FIXTURES / "broken/relay.jsonl"
GOLDENS = Path(__file__).parent / "data" / "show"
VIEWS: dict[str, Callable[[Layout, Selection], RenderableType]] = {
    "events": events_view,
    "reads": reads_view,
    "both": SideBySide,
    "bytes": HexDump,
    "growth": Growth,
}
JSONS: dict[str, Callable[[Layout, Selection], Any]] = {
    "events": events_json,
    "reads": reads_json,
    "both": both_json,
    "bytes": bytes_json,
    "growth": growth_json,
}


@pytest.fixture(scope="module")
def relay() -> Layout:
    """The broken stream that docs/show.md goes through."""
    return lay_out(read_cassette(RELAY)[0])


def shown(renderable: RenderableType, width: int) -> str:
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


PARTS = {
    "events": Selection(),
    "reads": Selection(limit=12),
    "both": Selection(start=5622, stop=6255),
    "bytes": Selection(start=5786, stop=5997),
    "growth": Selection(),
    "around": Selection(),
}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("form", PARTS)
def test_what_people_see(relay: Layout, form: str, width: int, pytestconfig: pytest.Config) -> None:
    """Each form of a broken stream, as its golden has it, and nothing wider than the terminal."""
    place = find_place(relay, "json-invalid")
    view = Around(relay, place, 3) if form == "around" else VIEWS[form](relay, PARTS[form])
    text = shown(view, width)
    golden = GOLDENS / f"relay-{form}-{width}.txt"
    if pytestconfig.getoption("--update-goldens"):
        golden.write_text(text, "utf-8")
    assert golden.read_text("utf-8") == text
    assert all(cell_len(line) <= width for line in text.splitlines())


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.just(b"\xc3\n"),
        st.text(max_size=20).map(lambda text: f"data: {text}\n\n".encode("utf-8", "replace")),
        st.text("aé你\u2028\u202e\u200b\ufeff\x1b\x85\t", max_size=8).map(
            lambda text: chat_event(text.replace("\x1b", "\\u001b").replace("\t", "\\t"))
        ),
        st.sampled_from(
            [
                DONE, b": ping\n\n", b"retry: 5\n", b"id: \0\n", b"\xef\xbb\xbf", b"\r\n\r",
                b'data: {"a": \n\n', b"event: \x1b[1m\ndata: x\n\n", b"\xe4\xbd", b"\xa0\n\n",
            ]
        ),
    ),
    max_size=12,
)  # fmt: skip


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Any stream, in any reads."""
    body = b"".join(draw(PIECES))
    cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=6)))
    edges = [0, *cuts, len(body)]
    pieces = [body[start:stop] for start, stop in pairwise(edges)]
    made = make_recording(*pieces, reason=draw(st.sampled_from(["complete", "truncated"])))
    gaps_ns = [draw(st.integers(0, 10**9)) for _ in pieces]
    times_ns = [sum(gaps_ns[: index + 1]) for index in range(len(pieces))]
    reads = tuple(Read(at_ns, read.data) for at_ns, read in zip(times_ns, made.reads, strict=True))
    end = replace(made.end, at_ns=sum(gaps_ns)) if draw(st.booleans()) and made.end else None
    tags = draw(st.sampled_from([(), (UNTIMED,)]))
    return replace(made, reads=reads, end=end, tags=tags)


SELECTIONS = st.builds(
    Selection,
    start=st.sampled_from([0, 0, 3, 50, 10_000]),
    stop=st.sampled_from([None, None, 0, 40, 10_000]),
    types=st.sampled_from([frozenset[str](), frozenset({"message"})]),
    kinds=st.sampled_from(
        [frozenset[str](), frozenset({"text"}), frozenset({"issue", "malformed"})]
    ),
    limit=st.sampled_from([None, 1, 5]),
    is_whole=st.booleans(),
)
PLACES = st.builds(
    Place,
    st.just("x"),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(0),
    slug=st.just(""),
    message=st.text(),
)


@settings(max_examples=25)
@given(recordings(), SELECTIONS, st.integers(20, 130), PLACES)
def test_any_stream_is_shown_in_any_form(
    recording: Recording, selection: Selection, width: int, place: Place
) -> None:
    """Nothing raises, no line is wider than the terminal, and nothing in it is obeyed by one."""
    layout = lay_out(recording)
    views = [view(layout, selection) for view in VIEWS.values()]
    for view in [*views, Around(layout, place, 2)]:
        text = shown(view, width)
        assert all(each == "\n" or is_harmless(each) for each in text), text
        if width >= 80:
            assert all(cell_len(line) <= width for line in text.splitlines()), text
    for as_json in JSONS.values():
        json.dumps(as_json(layout, selection))
    json.dumps(around_json(layout, place, 2))


def is_harmless(character: str) -> bool:
    code = ord(character)
    hidden = {0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070)}
    return code >= 0x20 and not 0x7F <= code < 0xA0 and code not in hidden


@settings(max_examples=25)
@given(recordings())
def test_a_dump_has_every_byte_once(recording: Recording) -> None:
    """The spans of its rows, joined, are the body; so are those of the reads side by side."""
    layout = lay_out(recording)
    for listed in (bytes_json(layout, Selection()), both_json(layout, Selection())):
        spans = [(each["start"], each["stop"]) for each in listed]
        assert recording.body == b"".join(layout.body[start:stop] for start, stop in spans)
    text = shown(HexDump(layout, Selection()), 120)
    rows = [line[10:58] for line in text.splitlines() if line[:8].strip().isdecimal()]
    assert recording.body == bytes.fromhex("".join(rows))


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("event:34", 5786, 5983), ("34", 5786, 5983), ("read:33", 5935, 5983),
        ("byte:5936", 5936, 5937), ("2s", 5983, 5983), ("1500ms", 5983, 5983), ("0s", 0, 0),
        ("9m", 7918, 7918), ("json-invalid", 7521, 7822), ("JSON-Invalid", 7521, 7822),
        ("SL301", 7521, 7822), ("finding:5", 7521, 7822), ("unterminated-final-event", 7822, 7918),
    ],
)  # fmt: skip
def test_places(relay: Layout, text: str, start: int, stop: int) -> None:
    """An event, a read, a byte, a time between reads, a finding."""
    place = find_place(relay, text)
    assert (start, stop) == (place.start, place.stop)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("event:99", "there are 43"), ("read:44", "there are 44"), ("byte:7918", "there are 7918"),
        ("finding:11", "there are 11"), ("SL302", "nor the code"), ("", "no place"),
        ("1.3 h", "no place"), ("event:-1", "no place"), ("event:" + "9" * 5000, "no place"),
    ],
)  # fmt: skip
def test_what_is_no_place(relay: Layout, text: str, words: str) -> None:
    """Said with what there is."""
    with pytest.raises(InputError, match=words) as raised:
        find_place(relay, text)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("block", "byte"),
    [
        (b'data: {"a": 1,}\n\n', b"}"),
        (b'event: x\ndata:{"a":\ndata: "\xc3\xa9" 7}\n\n', b"7"),
        (b'id: 4\r\ndata: ["\xe4\xbd\xa0" "b"]\r\n\r\n', b'"b"'),
    ],
)
def test_the_caret_is_at_the_byte_where_json_breaks_off(block: bytes, byte: bytes) -> None:
    """In one line or several, behind characters of several bytes, with any line end."""
    ahead = chat_event("a")
    recording = make_recording(ahead + block[:9], block[9:])
    layout = lay_out(recording)
    place = find_place(layout, "SL301")
    assert place.mark == len(ahead) + block.index(byte, 12)
    drawn = shown(Around(layout, place, 0), 120).splitlines()
    caret = next(index for index, line in enumerate(drawn) if line.strip() == "^")
    text = drawn[caret - 1]
    ahead_of = {cell_len(text[:index]): character for index, character in enumerate(text)}
    assert byte.decode()[0] == ahead_of[drawn[caret].index("^")]


def test_a_place_in_a_line_that_is_too_long_is_still_seen() -> None:
    """The line is cut around it."""
    layout = lay_out(make_recording(b"data: " + b"a" * 50_000 + b"\xff" + b"b" * 50_000 + b"\n\n"))
    drawn = shown(Around(layout, find_place(layout, "invalid-utf8"), 0), 80).splitlines()
    assert drawn[-2].endswith("b…")
    assert "aaa\\xffbbb" in drawn[-2]
    assert drawn[-2].index("\\xff") == drawn[-1].index("^^^^")


def rows(layout: Layout, selection: Selection | None = None) -> list[str]:
    return shown(events_view(layout, selection or Selection()), 200).splitlines()


def test_runs_are_folded() -> None:
    """A run is one row with its events, its pace and its text; a pause begins another, and what the
    stream says of itself is never folded. Four are shown as they are."""
    words = [
        chat_event(word)
        for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    ]
    made = make_recording(*words, DONE)
    late = [replace_time(read, 200_000_000 * (index >= 5)) for index, read in enumerate(made.reads)]
    layout = lay_out(replace(made, reads=tuple(late)))
    lines = rows(layout)
    assert ["0-4", "5", "6", "7", "8", "9"] == [
        line.split()[0]
        for line in lines
        if line[0] != " " or line.lstrip()[0] in "0123456789"
        if "message" in line
    ]
    assert "text ×5" in lines[2]  # noqa: RUF001
    assert "10.0 ms apart “onetwothreefourfive”" in lines[2]
    assert 10 == sum("message" in line for line in rows(layout, Selection(is_whole=True)))


def replace_time(read: Read, later_ns: int) -> Read:
    return read._replace(at_ns=read.at_ns + later_ns)


def test_a_stall_has_a_row_of_its_own(relay: Layout) -> None:
    """As long as `analyze` says, whatever came between; before the event that ended it."""
    lines = rows(relay)
    (stall,) = analyze(relay.recording).stalls
    at = next(index for index, line in enumerate(lines) if " stall " in line)
    assert f"no output for {(stall.stop_ns - stall.start_ns) / 1e9:.2f} s" in lines[at]
    assert "tool_call ×6" in lines[at + 1]  # noqa: RUF001
    assert not any("stall" in line for line in rows(relay, Selection(stop=5983)))


def test_a_part_of_a_stream(relay: Layout) -> None:
    """From a place to a place, of some kinds, so many rows; the first gap is real."""
    part = Selection(start=find_place(relay, "33").start, stop=find_place(relay, "35").stop)
    assert ["33", "34", "2.27", "35"] == [line.split()[0] for line in rows(relay, part)[1:]]
    assert "+25.3 ms" in rows(relay, part)[1]
    kinds = rows(relay, Selection(kinds=frozenset({"issue"})))
    assert 2 == sum(" ! " in line and "stall" not in line for line in kinds)
    assert "… 13 more" == rows(relay, Selection(limit=2))[-1]


def test_an_event_of_several_reads_and_a_read_of_several_events(relay: Layout) -> None:
    """A heavy bracket through the boundary, and a bracket for each."""
    lines = shown(SideBySide(relay, Selection(start=5786, stop=5983)), 100).splitlines()
    assert [each for line in lines for each in line if each in "┓┃┛━"] == ["┓", "┃", "┛"]
    assert "┛ 34  text  reads 32-33" in lines[3]
    read = find_place(relay, "read:21")
    several = shown(SideBySide(relay, Selection(start=read.start, stop=read.stop)), 100)
    assert ["─ 21", "─ 22", "─ 23"] == re.findall("─ [0-9]+", several)
    crlf = lay_out(make_recording(*[chat_event("a").replace(b"\n", b"\r\n")] * 2))
    assert 4 == len(shown(SideBySide(crlf, Selection()), 100).splitlines())


def test_odd_bytes_are_marked_and_told_apart() -> None:
    """Each with its mark, what it is, how often, and where."""
    odd = "\ufeffdata: a\x1b\u2028\u200b\u202e".encode() + b"\xff" + "\ufffd\x85".encode()
    body = odd + b"\r\n\r\n"
    layout = lay_out(make_recording(body))
    lines = shown(HexDump(layout, Selection()), 80).splitlines()
    legend = lines[lines.index("") + 1 :]
    assert ["¤", "␛", "¶", "∅", "⇄", "×", "�", "␍"] == [line.split()[0] for line in legend]  # noqa: RUF001
    assert legend[2].endswith("2 times, at byte 11, 24")
    whats = [odd["what"] for odd in bytes_json(layout, Selection())[0]["odd"]]
    assert 10 == len(whats)


def test_tool_calls_grow_in_boxes_of_their_own() -> None:
    """Two calls whose pieces come in turn; reasoning and text beside them."""
    recording = read_cassette(RELAY)[0]
    steps = growth_json(lay_out(recording), Selection())
    assert ["reasoning", "text", "text", "tool_call"] == [step["kind"] for step in steps]
    assert '{"town": "Zürich", "days": 2}' == steps[-1]["text"]
    assert analyze(recording).text == "".join(s["text"] for s in steps if s["kind"] == "text")
    only = growth_json(lay_out(recording), Selection(kinds=frozenset({"reasoning"})))
    assert ["reasoning"] == [step["kind"] for step in only]


@pytest.mark.parametrize("form", ["events", "reads", "both", "bytes", "growth", "text", "raw"])
def test_each_form_on_the_command_line(form: str) -> None:
    """With a title for people, as JSON for programs; and the short forms are the same."""
    plain = run("show", RELAY, "--as", form)
    assert 0 == plain.returncode, plain.stderr
    assert plain.stdout
    assert "\x1b" not in plain.stdout
    json.loads(run("show", RELAY, "--as", form, "--json").stdout)
    if form in {"reads", "text", "raw"}:
        assert plain.stdout == run("show", RELAY, f"--{form}").stdout


def test_around_on_the_command_line() -> None:
    """For people and for programs."""
    assert "json-invalid" in run("show", RELAY, "--around", "finding:5").stdout
    made = json.loads(run("show", RELAY, "--around", "34", "--context", "1", "--json").stdout)
    assert [32, 33] == made["reads"]
    assert [33, 34] == [each["number"] for each in (*made["before"], *made["items"])]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kinds", "words"], ["'words' is no kind", "tool_call"]),
        (["--from", "somewhere"], ["'somewhere' is no place", "event:7"]),
        (["--around", "event:99"], ["no event:99", "there are 43"]),
        (["--around", "34", "--as", "bytes"], ["--around", "form of its own"]),
        (["--follow", "--as", "bytes"], ["--follow shows events"]),
        (["--raw", "--limit", "3"], ["raw is all of it", "--as bytes"]),
    ],
)
def test_options_that_do_not_fit(arguments: list[str], words: list[str]) -> None:
    """What is wrong, and what to do instead."""
    fails_well(run("show", RELAY, *arguments), *words)


def test_terminal_escapes_never_come_through() -> None:
    """In no form."""
    evil = "\\u001b]0;owned\\u0007\\u009b31m\\u202e"
    events = [chat_event(evil), b"event: \x1b[31mred\ndata: {\x1b[2J\n\n", b": \x1b[5m\n\n"]
    Path("evil.jsonl").write_text(dumps([make_recording(*events)]), "utf-8")
    for form in ("events", "reads", "both", "bytes", "growth"):
        ran = run("show", "evil.jsonl", "--as", form)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ran.stdout), form
    ran = run("show", "evil.jsonl", "--around", "json-invalid")
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ran.stdout)
