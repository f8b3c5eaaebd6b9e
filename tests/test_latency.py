"""Numbers over many recordings: percentiles, groups, outcomes, gates, and forms of a report."""

import csv
import io
import json
import math
import random
import re
import statistics
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from sqlite_utils import Database

from streamlab.analysis import quantile
from streamlab.cassette import dumps, read_cassette
from streamlab.errors import InputError
from streamlab.latency import (
    METRICS,
    OUTCOMES,
    PERCENTS,
    Choice,
    Overview,
    Sample,
    chosen,
    find_outcome,
    group,
    host,
    judge,
    overview,
    parse_gate,
    spread,
    summarize,
)
from streamlab.recording import UNTIMED, End
from streamlab.report import (
    LatencyView,
    format_ns,
    latency_csv,
    latency_json,
    latency_markdown,
    verdicts_junit,
)
from streamlab.report.charts import axis_of, ecdf_lines, histogram_lines, tick_line
from streamlab.store import Library, sample_of
from streamlab.store.schema import MIGRATIONS
from tests.cli_runner import fails_well, run
from tests.conftest import (
    CASSETTES,
    DONE,
    FINISH,
    FIXTURES,
    chat_event,
    json_lines,
    make_recording,
)
from tests.test_show import shown

GOLDENS = Path(__file__).parent / "data" / "latency"
FLOATS = st.floats(min_value=0, max_value=1e13, allow_nan=False)


def sample(**fields: Any) -> Sample:
    """A sample with these fields; its TTFT is `ttft_ns`."""
    ttft_ns = fields.pop("ttft_ns", None)
    metrics = fields.pop("metrics", {} if ttft_ns is None else {"ttft_ns": ttft_ns})
    plain: dict[str, Any] = {
        "id": "1", "name": "", "tags": (), "model": None, "provider": "a", "dialect": None,
        "started_at": "2026-01-01T00:00:00.000Z", "status": 200, "end_reason": "complete",
        "outcome": "complete",
    }  # fmt: skip
    return Sample(**{**plain, **fields}, metrics=metrics)


def run_of(count: int, seed: int = 1) -> list[Sample]:
    """Samples such as a run against two models gives: some slow, some that failed."""
    draw = random.Random(seed)
    samples = []
    for number in range(count):
        ttft_ns = round(3e8 * draw.lognormvariate(0, 0.6))
        tpot_ns = round(2e7 * draw.lognormvariate(0, 0.2))
        metrics = {
            "ttfb_ns": ttft_ns // 3, "ttft_ns": ttft_ns, "ttfat_ns": ttft_ns,
            "latency_ns": ttft_ns + 50 * tpot_ns, "total_ns": ttft_ns + 51 * tpot_ns,
            "tpot_ns": tpot_ns, "tps_user": 1e9 / tpot_ns, "gap_p50_ns": tpot_ns,
            "output_tokens": 51, "stalls": int(number % 9 == 0), "errors": 0, "failed": 0,
        }  # fmt: skip
        made = sample(
            id=f"{number:012}", model=("small", "large|1")[number % 2], tags=("nightly",),
            metrics=metrics,
        )  # fmt: skip
        if number % 20 == 19:
            made = replace(
                made, outcome="http_error", status=429, metrics={"errors": 1, "failed": 1}
            )
        samples.append(made)
    return samples


def linear(ordered: list[float], percent: int) -> Fraction:
    """numpy's default as its documentation defines it, in exact arithmetic."""
    virtual = Fraction(percent, 100) * (len(ordered) - 1)
    below = int(virtual)
    low, high = Fraction(ordered[below]), Fraction(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (virtual - below)


@given(st.lists(FLOATS, min_size=1, max_size=60), st.integers(0, 100))
def test_percentiles_are_those_of_numpy(numbers: list[float], percent: int) -> None:
    """Linear interpolation, to a billionth, from however few values."""
    ordered = sorted(numbers)
    expected = float(linear(ordered, percent))
    assert math.isclose(expected, quantile(ordered, percent), rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=40)
@given(st.integers(0, 400), st.integers())
def test_a_spread_is_in_order_and_says_when_there_are_too_few(n: int, seed: int) -> None:
    """Percentiles never fall and lie in their intervals; each needs as many values as it needs."""
    draw = random.Random(seed)
    numbers = [draw.choice((0.0, draw.expovariate(1e-9), 5e8)) for _ in range(n)]
    made = spread(numbers)
    assert len(numbers) == made.n
    needed = {1: 368, 5: 72, 10: 36, 25: 13, 50: 6, 75: 13, 90: 36, 95: 72, 99: 368}
    for percent in PERCENTS:
        value, interval = made.percentiles[percent], made.intervals[percent]
        assert (made.n >= needed[percent]) == (value is not None) == (interval is not None)
        if value is not None and interval is not None:
            assert interval[0] <= value * (1 + 1e-9)
            assert value <= interval[1] * (1 + 1e-9) + 1e-9
    known = [value for value in made.percentiles.values() if value is not None]
    assert all(low <= high * (1 + 1e-12) for low, high in pairwise(known))
    if numbers:
        assert (min(numbers), max(numbers)) == (made.min, made.max)
        assert made.sum == pytest.approx(sum(numbers))
        assert made.std == pytest.approx(statistics.pstdev(numbers))
    else:
        assert {None} == {made.avg, made.min, made.max, made.std, made.sum}


def test_intervals_hold_what_they_promise() -> None:
    """The ranks that the literature has for the median: 2 and 9 of 10, 40 and 61 of 100
    (Hahn and Meeker, Statistical Intervals)."""
    for n, ranks in ((6, (1, 6)), (10, (2, 9)), (100, (40, 61))):
        assert ranks == spread([float(x) for x in range(1, n + 1)]).intervals[50]


@pytest.mark.parametrize("case", json_lines("latency/outcome_cases.jsonl"), ids=str)
def test_outcome(case: dict[str, Any]) -> None:
    """One word for each way to end."""
    found = find_outcome(
        case["status"], case["end"], has_end_marker=case["marker"], reports_failure=case["failure"]
    )
    assert case["outcome"] == found


def test_every_outcome_has_a_case() -> None:
    """And none is left out of the data."""
    assert set(OUTCOMES) == {case["outcome"] for case in json_lines("latency/outcome_cases.jsonl")}


@given(st.text(max_size=40))
def test_any_url_has_some_host_or_none(url: str) -> None:
    """None is too odd."""
    assert host(url) == host(url).lower()


def test_failures_are_counted_and_n_says_who_has_a_number() -> None:
    """A recording without a TTFT is no TTFT of 0, and is not forgotten."""
    summary = summarize(run_of(40))
    assert {"complete": 38, "http_error": 2} == summary.outcomes
    assert (40, 38) == (summary.recordings, summary.spreads["ttft"].n)
    assert (40, 2) == (summary.spreads["failed"].n, summary.spreads["failed"].sum)


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=8))
def test_groups_hold_each_sample_once_for_each_of_its_tags(tags: list[set[str]]) -> None:
    """One without tags is in the group of those without."""
    samples = [sample(id=str(n), tags=tuple(sorted(each))) for n, each in enumerate(tags)]
    groups = group(samples, ("tag",))
    members = sorted((key, s.id) for each in groups for (key,) in [each.key] for s in each.samples)
    assert sorted((t, s.id) for s in samples for t in s.tags or ("",)) == members
    assert sorted(each.key for each in groups) == [each.key for each in groups]


def test_grouping_by_two_things() -> None:
    """Every pair that is there, and what is not known is empty."""
    samples = [sample(model="m"), sample(model="m", dialect="d"), sample(dialect="d")]
    keys = [each.key for each in group(samples, ("model", "dialect"))]
    assert [("", "d"), ("m", ""), ("m", "d")] == keys


CHOICES = [
    (Choice(), True),
    (Choice(names=("ru*",)), True),
    (Choice(names=("x", "run-?")), True),
    (Choice(names=("RUN*",)), False),
    (Choice(tags=("night*",)), True),
    (Choice(tags=("x",)), False),
    (Choice(models=("gpt-*",)), True),
    (Choice(models=("gpt",)), False),
    (Choice(providers=("*.example",)), True),
    (Choice(statuses=("2xx",)), True),
    (Choice(statuses=("404", "200")), True),
    (Choice(statuses=("4xx",)), False),
    (Choice(outcomes=("truncated",)), False),
    (Choice(since="2026-01-02T00:00:00.000Z"), True),
    (Choice(since="2026-01-02T00:00:00.001Z"), False),
    (Choice(until="2026-01-02T00:00:00.000Z"), False),
    (Choice(until="2026-01-02T00:00:00.001Z"), True),
    (Choice(names=("run-1",), tags=("x",)), False),
]


@pytest.mark.parametrize(("choice", "is_chosen"), CHOICES, ids=str)
def test_choice(choice: Choice, is_chosen: bool) -> None:
    """All of what was asked has to hold, of each one thing."""
    one = sample(
        name="run-1", tags=("a", "nightly"), model="gpt-x", provider="api.example",
        started_at="2026-01-02T00:00:00.000Z",
    )  # fmt: skip
    assert is_chosen == bool(chosen([one], choice))


@pytest.mark.parametrize("case", json_lines("latency/gate_cases.jsonl"), ids=lambda c: c["gate"])
def test_gate(case: dict[str, Any]) -> None:
    """What it says of five recordings, one of which has no TTFT."""
    samples = [
        sample(metrics={"ttft_ns": ms * 1e6, "tps_user": ms / 10, "stalls": ms // 300, "errors": 0})
        for ms in (100, 200, 300, 400)
    ]
    samples.append(sample(outcome="reset", metrics={"stalls": 0, "errors": 2}))
    verdict = judge(parse_gate(case["gate"]), samples)
    assert case["passed"] == verdict.passed
    assert case["value"] == (None if verdict.value is None else pytest.approx(verdict.value))


@pytest.mark.parametrize(
    "text",
    ["", "ttft", "ttft p95>1ms", "ttft p(101)>1ms", "nothing avg>1", "ttft avg>1", "ttft avg>1h",
     "ttft avg>-1ms", "tps avg>1ms", "errors rate>1ms", "ttft avg>nanms", "ttft avg=1ms",
     "ttft avg>1ms x", "ttft p()>1ms", "ttft avg>1e3ms", "tt\nft avg>1ms"],
)  # fmt: skip
def test_what_is_no_gate_is_refused(text: str) -> None:
    """With what was wrong and an example, and never taken for something that passes."""
    with pytest.raises(InputError) as caught:
        parse_gate(text)
    assert caught.value.hint


@given(st.text(max_size=20))
def test_any_text_is_a_gate_or_refused(text: str) -> None:
    """Nothing else happens."""
    with suppress(InputError):
        parse_gate(text)


def test_a_gate_on_nothing_never_passes() -> None:
    """Neither on no recordings nor on a metric that none of them has, whatever it compares."""
    for samples in ([], [sample()], [sample(outcome="reset", metrics={"failed": 1})]):
        for text in ("ttft max<0ms", "ttft max>9s", "ttft count>5", "ttft rate<0", "tpot sum>1s"):
            verdict = judge(parse_gate(text), samples)
            assert (None, False) == (verdict.value, verdict.passed)


def test_a_sample_is_the_same_from_a_file_and_from_a_library(library: Library) -> None:
    """Of every fixture; the library reads no body for it."""
    recordings = [each for path in CASSETTES for each in read_cassette(path)]
    library.add(recordings)
    by_id = {each.id: each for each in library.samples()}
    assert {each.id: sample_of(each) for each in recordings} == by_id
    ids = [recordings[0].id, recordings[3].id]
    assert set(ids) == {each.id for each in library.samples(ids)}
    assert [] == library.samples([])


def test_a_recording_that_goes_on_and_one_without_times(library: Library) -> None:
    """The one is no failure yet, the other has no stalls because it has no times."""
    whole = make_recording(chat_event("a"), chat_event("b"), FINISH, DONE)
    untimed = replace(whole, id="u" * 12, tags=(UNTIMED,))
    left = replace(whole, id="l" * 12, end=End(at_ns=10**9, reason="client_closed"))
    library.add([untimed, left])
    with library.open_writer() as writer:
        stored = writer.begin(replace(whole, id="g" * 12, reads=(), end=None))
        writer.flush()
        found = {each.id[0]: each for each in library.samples()}
        stored.finish(End(at_ns=1, reason="complete"))
    assert ("recording", {}) == (found["g"].outcome, found["g"].metrics)
    assert not {"stalls", "ttft_ns"} & set(found["u"].metrics)
    assert ("complete", 0) == (found["l"].outcome, found["l"].metrics["failed"])


@pytest.mark.parametrize("tokens", [10**309, 10**300, 2**63, 2**63 - 1])
def test_a_server_that_states_absurd_counts_harms_no_report(library: Library, tokens: int) -> None:
    """They are no counts, and what is shown stays finite."""
    usage = (
        b'data: {"object":"chat.completion.chunk","choices":[],"usage":{"completion_tokens":%d}}'
    )
    recording = make_recording(chat_event("a"), chat_event("b"), usage % tokens + b"\n\n", DONE)
    library.add([recording])
    made = overview(library.samples() * 40)
    assert (40, 40) == (made.whole.summary.recordings, made.whole.summary.spreads["tps_e2e"].n)
    assert json.dumps(latency_json(made), allow_nan=False)


def test_models_of_an_older_library_are_found_on_opening(tmp_path: Path) -> None:
    """It had no column for them."""
    path = tmp_path / "older.db"
    database = Database(path)
    MIGRATIONS.apply(database, stop_before="m004_model")
    database["recordings"].insert(
        {"id": "a", "name": "", "source": "", "tags": "[]", "method": "POST", "url": "http://a/",
         "request_headers": "[]", "request_body": b'{"model":"m"}', "marks": "[]", "end_at_ns": 1,
         "end_reason": "complete", "derived_by": "0.1.0"}
    )  # fmt: skip
    database.close()
    with Library(path) as library:
        assert ["m"] == [each.model for each in library.samples()]


GATES = ["ttft p(95)>800ms", "failed rate>10%", "thinking max>1s"]
SETS: dict[str, Callable[[], Overview]] = {
    "run": lambda: overview(run_of(90), by=("model",), gates=[*map(parse_gate, GATES)]),
    "one": lambda: overview(run_of(1)),
    "empty": lambda: overview([], by=("model",), gates=[parse_gate(GATES[0])]),
    "failed": lambda: overview(
        [each for each in run_of(60) if each.outcome != "complete"], gates=[parse_gate(GATES[0])]
    ),
}
FORMS: dict[str, Callable[[Overview], str]] = {
    "80.txt": lambda made: shown(LatencyView(made), 80),
    "120.txt": lambda made: shown(LatencyView(made), 120),
    "md": latency_markdown,
    "csv": latency_csv,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SETS)
def test_report_golden(name: str, form: str, pytestconfig: pytest.Config) -> None:
    """Each form of a run, of one recording, of none and of failures alone."""
    text = FORMS[form](SETS[name]())
    golden = GOLDENS / f"{name}{'-' if form[0].isdigit() else '.'}{form}"
    if pytestconfig.getoption("--update-goldens"):
        golden.write_text(text, "utf-8")
    assert golden.read_text("utf-8") == text
    if form.endswith("txt"):
        assert max(map(cell_len, text.splitlines())) <= int(form.partition(".")[0])


@pytest.mark.parametrize("width", [60, 80, 96, 120])
def test_no_number_is_cut(width: int) -> None:
    """Where there are so many that each column is full, columns go instead, down to the last."""
    text = shown(LatencyView(overview(run_of(1200), by=("model",))), width)
    assert "…" not in text
    assert max(map(cell_len, text.splitlines())) <= width
    (row,) = [line for line in text.splitlines() if line.startswith("total")]
    p99 = summarize(run_of(1200)).spreads["total"].percentiles[99]
    assert format_ns(round(p99 or 0)) in row


@pytest.mark.parametrize("name", SETS)
def test_json_has_the_numbers(name: str) -> None:
    """Times are whole ns, what was not measured is null, and the whole of it is JSON."""
    made = SETS[name]()
    value = json.loads(json.dumps(latency_json(made), allow_nan=False))
    summary = made.whole.summary
    assert (summary.recordings, dict(summary.outcomes)) == (value["recordings"], value["outcomes"])
    for metric in METRICS.values():
        block, numbers = value["metrics"][metric.stored], summary.spreads[metric.name]
        assert (metric.unit, numbers.n) == (block["unit"], block["count"])
        p50 = numbers.percentiles[50]
        assert block["p50"] == (round(p50) if p50 is not None and metric.unit == "ns" else p50)
        if metric.unit == "ns":
            assert all(isinstance(block[key] or 0, int) for key in ("avg", "std", "p99", "sum"))
    assert len(made.verdicts) == len(value.get("gates", []))


@pytest.mark.parametrize("name", SETS)
def test_csv_is_a_table(name: str) -> None:
    """Every row has all columns; there is one for each metric and group."""
    made = SETS[name]()
    rows = list(csv.reader(io.StringIO(latency_csv(made))))
    assert 1 == len({len(row) for row in rows})
    assert (len(made.groups) if made.by else 1) * len(METRICS) == len(rows) - 1


HOSTILE = st.text(
    st.sampled_from("=+-@|`<&>\"'\\\n\r\t\0\x1b\u202e\ud800\ufffe😀a*[]"), min_size=1, max_size=8
)


@given(HOSTILE)
def test_texts_of_recordings_do_no_harm(text: str) -> None:
    """No control character gets out, no cell is a formula or breaks its row, and XML is XML."""
    made = overview(
        [sample(model=text, ttft_ns=10)] * 6, by=("model",), gates=[parse_gate(GATES[0])]
    )
    forms = [latency_markdown(made), latency_csv(made), verdicts_junit(made)]
    forms += [shown(LatencyView(made), 80)]
    for form in forms:
        assert not {"\0", "\x1b", "\u202e", "\r"} & set(form)
    markdown, table, junit, _ = forms
    (row,) = [line for line in markdown.split("\n") if line.startswith("| `ttft` | ")][1:]
    assert 12 == re.sub(r"\\.", "", row).count("|")
    assert not {"<", "`"} & set(re.sub(r"\\.", "", row.removeprefix("| `ttft` |")))
    assert all(row[0][0] not in "=+-@" for row in csv.reader(io.StringIO(table)))
    root = ET.fromstring(junit.encode("utf-8"))
    assert ["testsuites", "1"] == [root.tag, root.attrib["tests"]]


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=50), st.integers(8, 60), st.integers(1, 6))
def test_charts_fill_their_room(numbers: list[float], columns: int, rows: int) -> None:
    """Whatever is drawn, and the cumulative share ends at the top."""
    axis = axis_of(numbers)
    for draw in (histogram_lines, ecdf_lines):
        lines = draw(numbers, axis, columns, rows)
        assert [columns] * rows == [len(line) for line in lines]
    assert "\u2800" != ecdf_lines(numbers, axis, columns, rows)[0][-1]
    assert any(set(line) - {" "} for line in histogram_lines(numbers, axis, columns, rows))
    assert columns == len(tick_line(["10 ms", "20 ms", "30 ms"], columns))


def test_a_histogram_counts() -> None:
    """The fullest column is full, the others in proportion."""
    numbers = [0.0] * 8 + [1.0] * 4 + [3.0]
    assert ["█▄ ▁"] == histogram_lines(numbers, axis_of(numbers), 4, 1)


def cassette(path: Path, *names: str) -> Path:
    recordings = [each for name in names for each in read_cassette(FIXTURES / f"{name}.jsonl")]
    path.write_text(dumps(recordings), "utf-8")
    return path


def test_report_of_files_and_of_the_library(library: Library, tmp_path: Path) -> None:
    """The same numbers, wherever recordings are; what is named twice counts once."""
    file = cassette(tmp_path / "some.jsonl", "llama.cpp/short", "llama.cpp/long-400")
    library.add(read_cassette(file))
    named = run("report", file, "--json")
    stored = run("report", "--db", library.path, "--json")
    assert (0, 0) == (named.returncode, stored.returncode)
    assert json.loads(named.stdout) == json.loads(stored.stdout)
    twice = run("report", "--db", library.path, "short", "short", "latest", "--json")
    assert 2 == json.loads(twice.stdout)["recordings"]
    both = run("report", "--db", library.path, "--all", file, "--json")
    assert 4 == json.loads(both.stdout)["recordings"]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 5), (["--name", "short"], 1), (["--name", "s*"], 2), (["--status", "4xx"], 1),
        (["--outcome", "truncated,http_error"], 2), (["--model", "smol*"], 3),
        (["--provider", "127.*"], 4), (["--since", "2199-01-01"], 0),
        (["--until", "2199-01-01T00:00+02:00"], 5), (["--tag", "x"], 0),
    ],
)  # fmt: skip
def test_report_is_about_what_was_chosen(options: list[str], count: int, tmp_path: Path) -> None:
    """Each option leaves out what it says."""
    names = ["short", "long-400", "http-error", "server-killed"]
    file = cassette(
        tmp_path / "some.jsonl", *(f"llama.cpp/{name}" for name in names), "systems/fastgpt-plain"
    )
    ran = run("report", file, *options, "--json")
    assert count == json.loads(ran.stdout)["recordings"]


def test_gates_decide_the_exit_code(tmp_path: Path) -> None:
    """Each is printed with its value; one that fails is enough; --junit has them, too."""
    file = cassette(tmp_path / "some.jsonl", "llama.cpp/short", "llama.cpp/http-error")
    junit = tmp_path / "gates.xml"
    good, bad = ("--fail-if", "ttft med>9s"), ("--fail-if", "failed rate>0")
    passed = run("report", file, *good)
    assert (0, 1) == (passed.returncode, passed.stdout.count("PASS  ttft med>9s: 299 ms (n 1 of 2"))
    failed = run("report", file, *good, *bad, "--junit", junit)
    assert 1 == failed.returncode
    assert "FAIL  failed rate>0: 50.00% (n 2 of 2)" in failed.stdout
    cases = ET.fromstring(junit.read_bytes()).findall(".//testcase")
    assert [False, True] == [case.find("failure") is not None for case in cases]
    as_csv = run("report", file, *bad, "--csv")
    assert "FAIL" in as_csv.stderr
    assert "FAIL" not in as_csv.stdout
    nothing = run("report", file, "--name", "none", *good)
    assert 1 == nothing.returncode
    assert "nothing measured in 0 recordings" in nothing.stdout


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--by", "modle"], "modle"), (["--since", "yesterday"], "yesterday"),
        (["--status", "20"], "20"), (["--outcome", "good"], "good"),
        (["--fail-if", "ttft p95>1"], "gate"), (["--junit", "no/such/folder.xml"], "--junit"),
        (["none"], "none"),
    ],
)  # fmt: skip
def test_wrong_options_say_what_to_do(library: Library, options: list[str], word: str) -> None:
    """What was wrong, and what there is."""
    fails_well(run("report", "--db", library.path, *options), word)


def test_one_form_at_a_time(library: Library) -> None:
    """Two would be mixed on stdout."""
    assert 2 == run("report", "--db", library.path, "--json", "--md").returncode
