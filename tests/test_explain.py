"""Which event and which read set a number, and why others did not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from streamlab.analysis import Explained, analyze, explain, read_stream
from streamlab.cassette import dumps, read_cassette
from streamlab.recording import Recording
from streamlab.report import explain_view, plain
from tests.cli_runner import run
from tests.conftest import CASSETTES, DONE
from tests.timed import MS, chat_chunk, timed

USAGE = chat_chunk("{}", ',"usage":{"completion_tokens":42}')
STREAM = timed(
    [
        (150 * MS, chat_chunk('{"role":"assistant"}')),
        (160 * MS, b"event: ping\ndata: {}\n\n" + chat_chunk('{"content":null}')),
        (203 * MS, chat_chunk('{"reasoning_content":"Hm"}')),
        (300 * MS, chat_chunk('{"content":"Hel"}') + chat_chunk('{"content":"lo"}')),
        (605 * MS, chat_chunk('{"content":"!"}')),
        (1120 * MS, USAGE + DONE),
    ],
    end_ns=1125 * MS,
)


def explained(recording: Recording, stall_ms: int = 500) -> list[Explained]:
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream, stall_ns=stall_ms * MS)
    return list(explain(recording, stream, analysis))


def named(recording: Recording) -> dict[str, Explained]:
    return {each.metric: each for each in explained(recording)}


def test_a_number_has_its_event_and_its_read() -> None:
    """Number, kind and excerpt of the event; number, time and size of the read."""
    cause = named(STREAM)["ttft_ns"].cause
    assert cause is not None
    size = len(STREAM.reads[2].data)
    assert (203 * MS, 3, "reasoning", "Hm", 2, size) == (
        cause.at_ns, cause.event, cause.kind, cause.text, cause.read, cause.read_bytes
    )  # fmt: skip


def test_what_came_before_did_not_count() -> None:
    """Each with its reason; of the answer, the reasoning too."""
    found = named(STREAM)
    before = [
        (0, 0, "role only"),
        (1, 1, "nothing that its dialect knows"),
        (2, 2, "an empty delta"),
    ]
    assert before == list(found["ttft_ns"].uncounted)
    assert [*before, (3, 3, "reasoning")] == list(found["ttfat_ns"].uncounted)
    assert [(7, 7, "usage only"), (8, 8, "the end marker")] == list(found["latency_ns"].uncounted)


def test_a_stream_without_output_says_why() -> None:
    """No number, and all of its events with what they are."""
    silent = timed([(1, chat_chunk('{"role":"assistant"}')), (2, DONE)], end_ns=3)
    ttft = named(silent)["ttft_ns"]
    assert (None, None) == (ttft.value, ttft.cause)
    assert [(0, 0, "role only"), (1, 1, "the end marker")] == list(ttft.uncounted)


def test_formulas_have_their_numbers() -> None:
    """In ms, so that they can be worked out again."""
    found = named(STREAM)
    assert {
        "thinking_ns": "300 - 203 ms",
        "generation_ns": "605 - 203 ms",
        "tail_ns": "1125 - 605 ms",
        "tpot_ns": "(605 - 203 ms) / (42 - 1)",
        "tpot_incl_first_ns": "605 ms / 42",
        "ntpot_ns": "1125 ms / 42",
        "tps_user": "1000 / 9.805 ms",
        "tps_e2e": "1000 · 42 / 605 ms",
        "tokens_per_chunk": "42 / 4",
        "longest_gap": "605 - 300 ms",
        "byte_silence": "1120 - 605 ms",
    } == {name: each.numbers for name, each in found.items() if each.numbers}


def test_stalls_say_what_ended_them() -> None:
    """An event, or the end."""
    hung = replace(STREAM, reads=STREAM.reads[:5], end=replace(STREAM.end, reason="timeout"))  # type: ignore[type-var]
    stalls = [each for each in explained(hung, stall_ms=100) if each.metric == "stalls"]
    assert [(305 * MS, "event", 6), (520 * MS, "the end", None)] == [
        (each.value, each.cause.what, each.cause.event) for each in stalls if each.cause
    ]


@given(
    st.lists(
        st.sampled_from(
            [chat_chunk('{"content":"a"}'), chat_chunk('{"role":"a"}'), USAGE, DONE, b"data: {\n\n",
             b"data: 1\n\n", b": x\n\n", b"\xff"]
        )
    ),
    st.booleans(),
)  # fmt: skip
def test_any_stream_can_be_explained(stream: list[bytes], is_untimed: bool) -> None:
    """What is explained is what the analysis says, and it is JSON; without times nothing is."""
    recording = timed(enumerate(stream, start=1), end_ns=len(stream) + 1)
    recording = replace(recording, tags=("untimed",) if is_untimed else ())
    found = named(recording)
    json.dumps(plain(tuple(found.values())))
    analysis = analyze(recording)
    for name in ("ttft_ns", "latency_ns", "tpot_ns", "tps_e2e", "output_tokens", "tail_ns"):
        assert getattr(analysis, name) == (found[name].value if name in found else None)
    assert not is_untimed or not any(each.cause or each.uncounted for each in found.values())


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_at_80_columns_nothing_is_lost(cassette: Path) -> None:
    """Each metric starts a line, and no line is too long."""
    for recording in read_cassette(cassette):
        found = explained(recording)
        console = Console(width=80, highlight=False, force_terminal=False)
        with console.capture() as capture:
            console.print(explain_view("name", found))
        lines = [line.rstrip() for line in capture.get().splitlines()]
        assert all(cell_len(line) <= 80 for line in lines)
        metrics = [each.metric.removesuffix("_ns") for each in found]
        assert metrics == [line.split()[0] for line in lines[2:] if not line.startswith(" ")]


def test_explain_in_the_terminal_and_as_json(tmp_path: Path) -> None:
    """Text of a stream is drawn, not sent to the terminal."""
    evil = timed([(MS, chat_chunk('{"content":"\\u001b[31mred"}') + DONE)], end_ns=2 * MS)
    (tmp_path / "evil.jsonl").write_text(dumps([evil]), "utf-8")
    ran = run("analyze", "evil.jsonl", "--explain")
    assert 1 == ran.returncode, ran.stderr
    assert "event 0 text “␛[31mred” in read 0 at 1.00 ms" in ran.stdout
    assert "\x1b" not in ran.stdout
    (made,) = json.loads(run("analyze", "evil.jsonl", "--explain", "--json").stdout)
    by_metric = {each["metric"]: each for each in made["explain"]}
    assert (0, 0) == (by_metric["ttft_ns"]["cause"]["event"], by_metric["ttft_ns"]["cause"]["read"])
