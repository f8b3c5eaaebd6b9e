"""The HTML report and its charts: whole, small, and with nothing in it that a stream could run."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.cli._report_files import write_html, write_pngs, write_svgs
from streamlab.errors import InputError
from streamlab.finding import find
from streamlab.latency import METRICS, summarize
from streamlab.recording import UNTIMED, End, Read, Recording
from streamlab.report.chart import ROWS, Chart, charts, standalone
from streamlab.report.chart.points import Point, thinned
from streamlab.report.chart.scale import Linear, Log, count_ticks
from streamlab.report.latency_text import format_value, outcomes_text
from streamlab.report.page import html_report
from streamlab.report.reported import Reported
from streamlab.store import sample_of
from tests.cli_runner import run
from tests.conftest import CASSETTES, DONE, FINISH, FIXTURES, chat_event, make_recording
from tests.timed import MS, chat_chunk, timed

GOLDEN = Path(__file__).parent / "data/report/time-lines.svg"
EVIL = "</script></pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\x00\x1b[2J"
VOID = {"meta"}


def report_on(recording: Recording) -> Reported:
    return Reported(recording, analyze(recording), tuple(find(recording)))


def page_of(*recordings: Recording, title: str = "A report") -> str:
    reported = [report_on(recording) for recording in recordings]
    return html_report(reported, title=title, generated_at="2026-11-21")


class Page(HTMLParser):
    """Reads a page, and fails where an element is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]][-1] += data


@pytest.fixture(scope="module")
def fixtures() -> list[Recording]:
    return [recording for path in CASSETTES for recording in read_cassette(path)]


@pytest.fixture(scope="module")
def page(fixtures: list[Recording]) -> str:
    return page_of(*fixtures)


def test_a_page_is_whole_and_fetches_nothing(page: str, fixtures: list[Recording]) -> None:
    """Every element is closed, every recording is there, no attribute names an address or a script
    or a style that the policy would have to allow."""
    parsed = Page(page)
    names = {name for name, _ in parsed.attributes}
    assert not names & {"src", "href", "style", "action", "srcset", "data"}
    assert not [name for name in names if name.startswith("on")]
    assert "http://" not in re.sub("http://www.w3.org/2000/svg", "", "".join(parsed.texts["style"]))
    assert len(fixtures) == parsed.tags.count("details")
    assert 4 == parsed.tags.count("figure")


def test_its_policy_allows_its_own_style_and_script_alone(page: str) -> None:
    """By their hashes; whatever else came in would not run."""
    parsed = Page(page)
    (policy,) = [value for name, value in parsed.attributes if "default-src" in str(value)]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    script = parsed.texts["script"][-1]
    for name, source in (("style", parsed.texts["style"][0]), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_it_says_what_became_of_streams_as_the_terminal_does() -> None:
    """In the words and by the numbers of `streamlab report`: what is an error in the stream is none
    of the connection, and a client that leaves after the end misses nothing."""
    failed = chat_chunk('{"content": "a"}').replace(b'"choices"', b'"error":{"message":"no"},"x"')
    recordings = [
        *(make_recording(chat_event("a"), FINISH, DONE, gap_ns=n * MS) for n in range(1, 7)),
        make_recording(chat_event("a"), FINISH, DONE, reason="client_closed"),
        make_recording(failed),
        make_recording(b"{}", status=429),
        make_recording(chat_event("a"), reason="protocol_error"),
        replace(make_recording(chat_event("a")), end=None),
    ]
    summary = summarize([sample_of(each) for each in recordings])
    page = page_of(*recordings)
    shown = re.findall(r"<li><b[^>]*>(\d+)</b>([^<]*)</li>", page)
    assert outcomes_text(summary) == ", ".join(" ".join(tile) for tile in shown[1:-2])
    assert "7 complete, 1 http error, 1 failed, 1 protocol error, 1 recording" == outcomes_text(
        summary
    )
    badges = re.findall(r'<summary><b>[^<]*</b><span class="\w+">([^<]*)</span>', page)
    assert ["complete"] * 7 + ["failed", "http error", "protocol error", "recording"] == badges
    for label, name in (("TTFT", "ttft"), ("total", "total"), ("tokens/s overall", "tps_e2e")):
        spread, unit = summary.spreads[name], METRICS[name].unit
        numbers = (spread.min, *(spread.percentiles[p] for p in (50, 90, 95, 99)), spread.max)
        cells = [str(spread.n), *(format_value(number, unit) for number in numbers)]
        (row,) = re.findall(rf"<tr><td>{label} <span[^>]*>[^<]*</span></td>(.*?)</tr>", page)
        assert cells == re.findall("<td>([^<]*)</td>", row)


def evil_recording() -> Recording:
    delta = json.dumps({"content": EVIL, "reasoning_content": EVIL})
    call = json.dumps({"tool_calls": [{"index": 0, "function": {"name": EVIL, "arguments": EVIL}}]})
    odd = f"event: {EVIL}\ndata: {EVIL}\n\n".replace("\x00", "").encode()
    recording = make_recording(
        chat_chunk(delta), chat_chunk(call), odd, FINISH, DONE, name=EVIL, recording_id=EVIL,
        url=f"https://a/{EVIL}",
    )  # fmt: skip
    return replace(recording, started_at=EVIL, end=End(at_ns=90 * MS, reason="reset", detail=EVIL))


def test_text_that_is_markup_is_shown_as_text() -> None:
    """Wherever it comes from: names, addresses, event types, data, answers, tool calls, the end."""
    plain, evil = page_of(make_recording(chat_event("a"))), page_of(evil_recording(), title=EVIL)
    parsed = Page(evil)
    assert {"table", "pre", "mark"} | set(Page(plain).tags) >= set(parsed.tags)
    assert 2 == parsed.tags.count("script")
    assert "alert(1)" not in parsed.texts["script"][1]
    shown = EVIL.replace("\x00", "␀").replace("\x1b", "␛")
    assert shown in parsed.texts["pre"]
    assert shown == parsed.texts["h1"][0] == parsed.texts["title"][0]
    assert not re.search("[\x00-\x08\x0b-\x1f]", evil)


@settings(max_examples=30)
@given(st.text(), st.binary(), st.lists(st.integers(0, 10**12), max_size=4))
def test_any_stream_makes_a_page(said: str, data: bytes, times_ns: list[int]) -> None:
    """Any text and bytes at any times, those that run backwards included: it parses, can be
    written as UTF-8, and its charts are XML."""
    pieces = [chat_chunk(json.dumps({"content": said})), b"data: " + data + b"\n\n"] * 2
    reads = tuple(Read(at_ns, piece) for at_ns, piece in zip(times_ns, pieces, strict=False))
    recording = replace(make_recording(name=said), reads=reads)
    reported = [report_on(recording)]
    page = html_report(reported, title=said, generated_at="")
    page.encode()
    parsed = Page(page)
    assert isinstance(json.loads(parsed.texts["script"][0]), dict)
    for chart in charts(reported):
        ET.fromstring(standalone(chart))


def test_half_a_surrogate_pair_can_be_written() -> None:
    """JSON may spell one, and UTF-8 has none."""
    page = page_of(make_recording(chat_chunk('{"content": "a\\ud800b\\uffff"}'), DONE))
    page.encode()
    assert "a\\ud800b\\uffff" in Page(page).texts["pre"]


def long_stream(number: int) -> Recording:
    """A thousand tokens, a second's stall in the middle."""
    reads = [
        ((number + i * 17 + (1000 if i > 500 else 0)) * MS, chat_event(f"<tök>{i} "))
        for i in range(1000)
    ]
    return replace(timed(reads, end_ns=19_000 * MS), name=f"stream {number}")


def test_a_hundred_long_streams_can_be_mailed() -> None:
    """Less than 2 MB; what is left out is said, and no stall is."""
    one = long_stream(0)
    analysis, findings = analyze(one), tuple(find(one))
    reported = [Reported(one, analysis, findings)] * 120
    page = html_report(reported, title="Many", generated_at="")
    assert 400_000 < len(page.encode()) < 2_000_000
    assert f"The first {ROWS} of 120 streams" in page
    assert "events of long streams are not told" in page
    data = json.loads(Page(page).texts["script"][0])
    row = data["time-lines"]["rows"][0]
    assert len(row["times"]) == len(row["places"]) == len(row["events"]) < 400
    assert 1000 == sum(row["places"])
    assert 101_700 == max(row["times"][1:])


def test_recordings_without_times_are_in_no_chart() -> None:
    """And it is said that they are not; nothing of them is called a duration."""
    untimed = replace(make_recording(chat_event("a"), FINISH, DONE), tags=(UNTIMED,))
    page = page_of(untimed, make_recording(chat_event("b"), chat_event("c"), DONE))
    data = json.loads(Page(page).texts["script"][0])
    assert "Without times, and so not in them: 1 of 2." in page
    assert [1] == data["recordings"]
    assert "so there is nothing to draw" in page_of(untimed)
    assert "so there is nothing to draw" in page_of()
    assert "10.0 ms" not in page_of(untimed)


def shares_of(chart: Chart) -> list[list[float]]:
    told = chart.hover
    assert isinstance(told, dict)
    points = told["series"][0]["points"]
    assert isinstance(points, list)
    return points


def test_charts_draw_what_was_measured() -> None:
    """TTFT and the gaps of a small stream, as shares of all and as steps of its row."""
    pieces = [(200, b": hi\n\n"), (300, chat_event("a")), (340, chat_event("b"))]
    reads = [(at_ms * MS, piece) for at_ms, piece in [*pieces, (940, chat_event("c"))]]
    lines, ttft, gaps, output = charts([report_on(timed(reads, end_ns=1000 * MS))])
    assert [[300.0, 1.0]] == shares_of(ttft)
    assert [[40.0, 0.5], [600.0, 1.0]] == shares_of(gaps)
    row = lines.hover["rows"][0]  # type: ignore[index]
    assert (30_000, 94_000, 100_000) == (row["first"], row["last"], row["end"])
    assert [30_000, 4_000, 60_000] == row["times"]
    # 640 pixels are 1 s: the waiting is 192 wide, the stall goes from 217.6 to 601.6, by columns.
    assert 'class="wait" d="M0 5H192.0v12H0z"' in lines.svg
    assert 'class="stall" d="M216 5h386v12h-386z"' in lines.svg
    assert 'class="tail" d="M601.6 5H640.0v12H601.6z"' in lines.svg
    assert "M192 260H192V173.3H217.6V86.7H601.6V0" in output.svg


def test_a_chart_golden(pytestconfig: pytest.Config) -> None:
    """The time lines of three streams, to the letter."""
    names = ("systems/fastgpt-tools", "systems/selamgpt-dropped", "broken/relay")
    reported = [report_on(each) for name in names for each in read_cassette(fixture(name))]
    made = standalone(charts(reported)[0])
    if pytestconfig.getoption("--update-goldens"):
        GOLDEN.write_text(made, "utf-8")
    assert GOLDEN.read_text("utf-8") == made


def fixture(name: str) -> Path:
    return FIXTURES / f"{name}.jsonl"


@given(st.floats(0.001, 1e9))
def test_axes_of_lengths_begin_at_0(top_ms: float) -> None:
    """A few ticks, from 0, in order, none beyond the end; so do counts."""
    for ticks in (Linear(top_ms).ticks(), count_ticks(round(top_ms) + 1)):
        places = [tick.place for tick in ticks]
        assert 0 == places[0]
        assert sorted(set(places)) == places
        assert places[-1] <= 1.0001
        assert 1 <= len(places) <= 8


def test_a_logarithmic_axis_has_a_left_end() -> None:
    """What is shorter stands there, 0 included; ticks are powers of ten with their units."""
    axis = Log(0.1, 1000)
    assert [0, 0, 0.5, 1] == [axis.place(at_ms) for at_ms in (0, 0.1, 10, 2000)]
    assert ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s"] == [tick.label for tick in axis.ticks()]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=400), st.integers(8, 100))
def test_thinning_keeps_the_ends_and_the_longest_gap(times_ns: list[int], limit: int) -> None:
    """In order, and about as few as was asked for."""
    points = [Point(i + 1, i, at_ns) for i, at_ns in enumerate(sorted(times_ns))]
    kept = thinned(points, limit)
    assert sorted(set(kept)) == kept
    assert len(kept) <= limit + 2
    assert (points[0], points[-1]) == (kept[0], kept[-1])
    gaps_ns = [b.at_ns - a.at_ns for a, b in pairwise(points)]
    neighbours = [(a, b) for a, b in pairwise(kept) if b.place == a.place + 1]
    kept_gaps_ns = [b.at_ns - a.at_ns for a, b in neighbours]
    assert max(gaps_ns, default=0) == max(kept_gaps_ns, default=0)


def test_thinning_keeps_both_ends_of_a_long_gap() -> None:
    """Wherever it lies between the even distances."""
    for late in range(1, 400):
        points = [Point(i + 1, i, i * MS + (i >= late) * 1000 * MS) for i in range(400)]
        kept = thinned(points, 20)
        assert {points[late - 1], points[late]} <= set(kept), late


def test_times_that_run_backwards_are_drawn() -> None:
    """A cassette may hold any; what lies before the first output or after the last is not drawn."""
    times_ms = (500, 100, 900, 300)
    reads = [(at_ms * MS, chat_event("a")) for at_ms in times_ms]
    (row, *_) = charts([report_on(timed(reads, end_ns=50 * MS))])
    ET.fromstring(standalone(row))


def test_files_are_written(tmp_path: Path) -> None:
    """A page, an SVG and a PNG for each chart; the folder is made."""
    reported = [report_on(make_recording(chat_event("a"), chat_event("b"), FINISH, DONE))]
    write_html(tmp_path / "r.html", reported, title="R", generated_at="")
    assert Page((tmp_path / "r.html").read_text("utf-8")).tags
    svgs = write_svgs(tmp_path / "new" / "charts", reported)
    assert ["gaps.svg", "output.svg", "time-lines.svg", "ttft.svg"] == sorted(
        path.name for path in svgs
    )
    pngs = write_pngs(tmp_path, reported)
    assert 4 == len(pngs)
    assert b"\x89PNG\r\n\x1a\n" == pngs[0].read_bytes()[:8]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As is what PNG lacks."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/r\.html cannot be written"):
        write_html(tmp_path / "file" / "r.html", [], title="", generated_at="")


def test_png_without_its_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What to install is said."""
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(InputError) as raised:
        write_pngs(tmp_path, [])
    assert "streamlab-toolkit[report]" in raised.value.hint


def test_the_verb_writes_files(tmp_path: Path) -> None:
    """A page and charts, of what is chosen only."""
    page, charts = tmp_path / "report.html", tmp_path / "charts"
    cassettes = [str(FIXTURES / "llama.cpp" / name) for name in ("short.jsonl", "http-error.jsonl")]
    options = ["--html", str(page), "--svg", str(charts), "--png", str(charts), "--status", "200"]
    ran = run("report", *cassettes, *options, "--title", "Two <b>")
    assert 0 == ran.returncode, ran.stderr
    assert f"wrote {page}" in ran.stderr
    written = page.read_text("utf-8")
    assert "<h1>Two &lt;b&gt;</h1>" in written
    assert "http-error" not in written
    names = {"gaps", "output", "time-lines", "ttft"}
    assert {f"{name}.{kind}" for name in names for kind in ("svg", "png")} == {
        path.name for path in charts.iterdir()
    }
    assert (charts / "ttft.png").read_bytes().startswith(b"\x89PNG")
