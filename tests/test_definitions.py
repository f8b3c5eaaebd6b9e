"""What other tools report of one stream: their published figures, but exact.

The stream that was measured with all of them: 21 chunks with output, the first at 200 ms and then
one every 20 ms, a finish at 620 ms, usage (42 tokens) and [DONE] at 1,120 ms. `role` has an empty
role chunk at 150 ms, too, and in `reason` the first ten are reasoning. The tools' own figures were
some ms above these, which is what their clients and that server took.
"""

import json
from dataclasses import replace

import pytest

from streamlab.analysis import TOOLS, Score, Tool, analyze, read_stream, score
from streamlab.recording import Recording
from streamlab.report import plain
from tests.cli_runner import run
from tests.conftest import CASSETTES, DONE, FIXTURES
from tests.timed import MS, chat_chunk, timed

USAGE = b'data: {"choices":[],"usage":{"completion_tokens":42}}\n\n'
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'


def measured(variant: str) -> Recording:
    kinds = ["reasoning_content"] * (10 if variant == "reason" else 0)
    kinds += ["content"] * (21 - len(kinds))
    reads = [
        ((200 + 20 * number) * MS, chat_chunk(f'{{"{kind}":"a"}}'))
        for number, kind in enumerate(kinds)
    ]
    if variant == "role":
        reads.insert(0, (150 * MS, chat_chunk('{"role":"assistant","content":""}')))
    reads += [(620 * MS, FINISH), (1120 * MS, USAGE), (1120 * MS, DONE)]
    return timed(reads, end_ns=1120 * MS)


def scored(recording: Recording, tool: Tool) -> Score:
    stream = read_stream(recording)
    return score(stream, analyze(recording, stream=stream), tool)


# TTFT and latency in ms, then what is divided by what for each time per token.
FIGURES: dict[tuple[Tool, str], tuple[int, int, list[tuple[str, int, int]]]] = {
    ("aiperf", "plain"): (200, 600, [("ITL", 400, 41)]),
    ("aiperf", "role"): (200, 600, [("ITL", 400, 41)]),
    ("aiperf", "reason"): (200, 600, [("ITL", 400, 41)]),
    ("guidellm", "plain"): (200, 1120, [("ITL", 400, 41), ("TPOT", 600, 42)]),
    ("guidellm", "role"): (200, 1120, [("ITL", 400, 41), ("TPOT", 600, 42)]),
    ("guidellm", "reason"): (200, 1120, [("ITL", 400, 41), ("TPOT", 600, 42)]),
    ("vllm", "plain"): (200, 620, [("TPOT", 420, 41)]),
    ("vllm", "role"): (150, 620, [("TPOT", 470, 41)]),
    ("vllm", "reason"): (200, 620, [("TPOT", 420, 41)]),
    ("evalscope", "plain"): (200, 1120, [("TPOT", 920, 41)]),
    ("evalscope", "role"): (200, 1120, [("TPOT", 920, 41)]),
    ("evalscope", "reason"): (200, 1120, [("TPOT", 920, 41)]),
    ("sglang", "plain"): (200, 1120, [("TPOT", 920, 41)]),
    ("sglang", "role"): (200, 1120, [("TPOT", 920, 41)]),
    ("sglang", "reason"): (200, 1120, [("TPOT", 920, 41)]),
    ("inference-perf", "plain"): (200, 1120, []),
    ("inference-perf", "role"): (200, 1120, []),
    ("inference-perf", "reason"): (400, 1120, []),
}


@pytest.mark.parametrize(("tool", "variant"), FIGURES)
def test_a_tool_reports(tool: Tool, variant: str) -> None:
    """Its TTFT, its latency, and its times per token under its own names."""
    made = scored(measured(variant), tool)
    ttft_ms, latency_ms, per_token = FIGURES[tool, variant]
    assert made.ttft is not None
    assert made.latency is not None
    assert (ttft_ms * MS, latency_ms * MS) == (made.ttft.at_ns, made.latency.at_ns)
    assert [(name, round(span_ms * MS / tokens)) for name, span_ms, tokens in per_token] == [
        (each.name, each.value_ns) for each in made.per_token if each.value_ns is not None
    ]


@pytest.mark.parametrize(("tool", "name"), [("aiperf", "TTFO"), ("guidellm", "TTFOT")])
def test_the_first_answer_has_a_name_in_two_tools(tool: Tool, name: str) -> None:
    """Without the reasoning, the eleventh chunk is the first."""
    made = scored(measured("reason"), tool)
    assert made.answer is not None
    assert (name, 400 * MS, 10) == (made.answer_name, made.answer.at_ns, made.answer.event)
    assert made.ttft is not None
    assert 0 == made.ttft.event


def test_what_sets_the_latency() -> None:
    """Last output, finish, usage, [DONE], or the end, which is no event."""
    latencies = {tool: scored(measured("role"), tool).latency for tool in TOOLS}
    events = {tool: latency.event for tool, latency in latencies.items() if latency}
    assert {
        "aiperf": 21, "guidellm": None, "vllm": 22, "evalscope": 23, "sglang": 24,
        "inference-perf": None,
    } == events  # fmt: skip


def test_without_usage_only_guidellm_counts_events() -> None:
    """The others count with a tokenizer, and a recording has none."""
    recording = measured("plain")
    recording = replace(recording, reads=tuple(r for r in recording.reads if r.data != USAGE))
    assert {
        "aiperf": [None],
        "guidellm": [400 * MS // 20, round(600 * MS / 21)],
        "vllm": [None],
        "evalscope": [None],
        "sglang": [None],
        "inference-perf": [None],
    } == {tool: [p.value_ns for p in scored(recording, tool).per_token] for tool in TOOLS}


@pytest.mark.parametrize("tool", TOOLS)
def test_what_was_not_measured_has_no_score(tool: Tool) -> None:
    """A body without times, and one without events."""
    for recording in (replace(measured("plain"), tags=("untimed",)), timed([], end_ns=5)):
        made = scored(recording, tool)
        assert (None, None) == (made.ttft, made.answer)
        assert {None} == {each.value_ns for each in made.per_token}


def test_all_of_them_in_the_terminal_and_as_json() -> None:
    """One tool, or all; and the exit code is that of the analysis."""
    chat = FIXTURES / "systems/assisters-chat.jsonl"
    ran = run("analyze", chat, "--definitions", "all")
    assert 0 == ran.returncode, ran.stderr
    assert all(tool in ran.stdout for tool in TOOLS)
    (one,) = json.loads(run("analyze", chat, "--definitions", "vllm", "--json").stdout)
    assert ["vllm"] == [each["tool"] for each in one["definitions"]]
    assert {"at_ns", "event", "read"} == set(one["definitions"][0]["ttft"])
    assert "ttft_ns" in one
    malformed = FIXTURES / "systems/assisters-malformed.jsonl"
    assert 1 == run("analyze", malformed, "--definitions", "all").returncode


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_any_fixture_can_be_scored(cassette: object) -> None:
    """Whatever the API, its scores are JSON."""
    from streamlab.cassette import read_cassette

    for recording in read_cassette(cassette):  # type: ignore[arg-type]
        for tool in TOOLS:
            json.dumps(plain(scored(recording, tool)))
