"""The cassettes of fixtures/: each reads back as written, and analyzes as its golden says."""

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from streamlab.analysis import analyze
from streamlab.cassette import dumps, loads, read_cassette
from streamlab.dialect import DIALECTS
from streamlab.finding import find, is_clean
from streamlab.recording import Read
from streamlab.replay import serve
from streamlab.report import analysis_json
from streamlab.schedule import schedule
from streamlab.timeline import framed_arrivals
from tests.conftest import CASSETTES, FIXTURES


def name_of(path: Path) -> str:
    return str(path.relative_to(FIXTURES))


@pytest.mark.parametrize("cassette", CASSETTES, ids=name_of)
def test_analysis_golden(cassette: Path, pytestconfig: pytest.Config) -> None:
    """`analyze --json` of each cassette is what its golden file says."""
    golden = cassette.with_suffix(".golden.json")
    analyses = [
        analysis_json(analyze(recording), find(recording)) for recording in read_cassette(cassette)
    ]
    made = json.dumps(analyses, indent=2, ensure_ascii=False) + "\n"
    if pytestconfig.getoption("--update-goldens"):
        golden.write_text(made, "utf-8")
    assert golden.read_text("utf-8") == made


@pytest.mark.parametrize("cassette", CASSETTES, ids=name_of)
def test_cassette_is_written_as_it_was_read(cassette: Path) -> None:
    """Writing what was read gives the same file."""
    text = cassette.read_text("utf-8")
    assert text == dumps(loads(text))


@pytest.mark.parametrize("cassette", CASSETTES, ids=name_of)
def test_invariants(cassette: Path) -> None:
    """Times never decrease, spans cover the body, and speed 1 is the recording itself."""
    for recording in read_cassette(cassette):
        times_ns = [read.at_ns for read in recording.reads]
        assert sorted(times_ns) == times_ns
        framing, arrived = framed_arrivals(recording)
        items = [arrival.item for arrival in arrived]
        covered = {offset for item in items for offset in range(item.start, item.stop)}
        assert (set() if framing == "none" else set(range(len(recording.body)))) == covered
        sent = [(a.at_ns, a.data) for a in schedule(recording).actions if hasattr(a, "data")]
        assert [(read.at_ns, read.data) for read in recording.reads] == sent
        analysis = analyze(recording)
        if analysis.latency_ns is not None and analysis.ttft_ns is not None:
            assert analysis.latency_ns - analysis.ttft_ns == sum(analysis.gaps_ns)


def test_every_dialect_has_a_fixture() -> None:
    """No dialect is there that no fixture shows."""
    recordings = [recording for path in CASSETTES for recording in read_cassette(path)]
    shown = {analyze(recording).dialect for recording in recordings}
    assert {dialect.name for dialect in DIALECTS} == shown - {None}


ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (FIXTURES / "dialects/README.md").read_text("utf-8").splitlines()
    if line.startswith("| `")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("`"))
def test_a_dialects_fixture_is_what_its_row_says(row: list[str]) -> None:
    """Replayed without waiting and read again: dialect, text, counts and finish; it is clean."""
    name, dialect, text, prompt, output, finish, _ = row
    (recording,) = read_cassette(FIXTURES / "dialects" / name.strip("`"))
    with serve([recording], speed=0) as server, httpx.Client(base_url=server.url) as client:
        path = urlsplit(recording.request.url)._replace(scheme="", netloc="").geturl()
        response = client.request(recording.request.method, path, content=recording.request.body)
    assert recording.body == response.content
    again = replace(recording, reads=(Read(at_ns=1, data=response.content),))
    assert is_clean(find(again))
    analysis = analyze(again)
    assert (dialect, json.loads(text.strip("`"))) == (analysis.dialect, analysis.text)
    assert prompt == str("-" if analysis.prompt_tokens is None else analysis.prompt_tokens)
    assert output == f"{analysis.output_tokens} ({analysis.token_source})"
    assert finish == (", ".join(analysis.finish_reasons) or "-")


def test_every_dialects_fixture_has_a_row() -> None:
    """And no row is without one."""
    there = {path.name for path in CASSETTES if path.parent.name == "dialects"}
    assert there == {row[0].strip("`") for row in ROWS}


def test_ids_differ() -> None:
    """All fixtures fit into one library."""
    ids = [recording.id for path in CASSETTES for recording in read_cassette(path)]
    assert sorted(set(ids)) == sorted(ids)


def test_documented_malformed_chunk_is_found_and_the_rest_is_read() -> None:
    """The chunk that Assisters documents is no JSON: it is named, and what follows still counts."""
    (recording,) = read_cassette(FIXTURES / "systems/assisters-malformed.jsonl")
    analysis = analyze(recording)
    (malformed,) = [each for each in find(recording) if each.code.startswith("SL3")]
    bad = (
        '{"id":"chatcmpl-abc","object":"chat.completion.chunk",'
        '"choices":[{"delta":{}},"finish_reason":"stop"]}'
    )
    assert ("SL301", bad) == (malformed.code, malformed.text)
    assert f"data: {bad}\n\n".encode() == recording.body[malformed.start : malformed.stop]
    assert malformed.at_ns in {read.at_ns for read in recording.reads}
    assert analysis.text.endswith(" as well.")
    assert (25, "usage") == (analysis.output_tokens, analysis.token_source)


def test_fastgpt_events_are_counted_by_type() -> None:
    """Named events are counted by name; reasoning comes before the answer, a heartbeat does not."""
    (recording,) = read_cassette(FIXTURES / "systems/fastgpt-detail.jsonl")
    analysis = analyze(recording)
    counts = {counted.type: counted.count for counted in analysis.event_types}
    assert counts["flowNodeStatus"] >= 2
    assert counts["flowResponses"] == 1
    assert analysis.ttft_ns < analysis.ttfat_ns  # type: ignore[operator]
    assert "usage" == analysis.token_source
