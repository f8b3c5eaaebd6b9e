"""The rules: each strikes on its example and nowhere else, and whatever the bytes, none raises."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import analyze, read_stream
from streamlab.cassette import read_cassette
from streamlab.finding import RULES, SEVERITIES, Limits, Rule, chosen, find, is_clean
from streamlab.finding.grammar import _GRAMMARS
from streamlab.finding.subject import Subject
from streamlab.interop.bodies import EVENT_STREAM
from streamlab.recording import END_REASONS, UNTIMED, Recording
from streamlab.store import Library
from tests.conftest import (
    CASSETTES,
    DONE,
    FINISH,
    FIXTURES,
    chat_event,
    json_lines,
    make_recording,
)
from tests.corpus import CORPUS, entries, kind_of_entry, needs_corpus
from tests.timed import MS, timed

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}-{rule.slug}")


@rules
def test_a_rule_strikes_on_its_example_alone(rule: Rule) -> None:
    """With its own severity; besides it, only those that its example says come along, and info."""
    found = find(rule.example.recording())
    assert (rule.code, rule.severity) in {(each.code, each.severity) for each in found}
    others = {each.code for each in found if each.severity != "info"} - {rule.code}
    assert set(rule.example.along) == others


@rules
def test_the_healthy_twin_of_an_example_has_no_findings(rule: Rule) -> None:
    """None above info, and not that of the rule."""
    found = find(rule.example.healthy())
    assert [] == [each for each in found if each.severity != "info" or each.code == rule.code]


@rules
def test_a_rule_says_what_it_is(rule: Rule) -> None:
    """A code of its theme, a slug, a sentence, and what to do, each on one line."""
    assert rule.code[:2] == "SL"
    assert rule.code[2] in "12345"
    assert rule.slug == rule.slug.lower().replace(" ", "-")
    assert rule.text.endswith((".", "fail."))
    for text in (rule.text, rule.cause, rule.hint):
        assert text
        assert "\n" not in text


def test_slugs_differ_and_an_unused_id_stays_unused() -> None:
    """Findings are named by both."""
    assert len(RULES) == len({rule.slug for rule in RULES}) == len({rule.code for rule in RULES})
    assert "SL415" not in {rule.code for rule in RULES}


# What is not healthy about a fixture, or what its server does that some clients trip over.
UNHEALTHY = {
    "client-closed": {"SL508"},
    "concurrent-3": {"SL503"},  # the server had four streams at once: 576 ms of silence
    "http-error": {"SL109"},
    "server-killed": {"SL101", "SL401", "SL404"},
    "timeout": {"SL505"},
    "two-choices": {"SL419"},  # a usage for each choice
    "relay": {"SL101", "SL201", "SL207", "SL301", "SL306", "SL401", "SL404", "SL503"},
    "bedrock-invoke": {"SL220"},
    "assisters-malformed": {"SL301", "SL404"},
    "assisters-raw": {"SL208", "SL428"},
    "fastgpt-error": {"SL401", "SL412"},
    "selamgpt-dropped": {"SL101", "SL207", "SL306", "SL401", "SL404"},
    "selamgpt-early-stop": {"SL508"},
    "selamgpt-rate-limited": {"SL109"},
}


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_a_healthy_fixture_has_no_error_or_warning(cassette: Any) -> None:
    """Of the others exactly what is known."""
    for recording in read_cassette(cassette):
        found = {each.code for each in find(recording) if each.severity != "info"}
        assert UNHEALTHY.get(cassette.stem, set()) == found


@pytest.mark.parametrize("name", ["agents/ag-ui", "agents/coze", "agents/dify-agent",
                                  "agents/vercel-ai-ui", "systems/fastgpt-tools"])  # fmt: skip
def test_a_tool_of_a_fixture_says_why_nothing_came(name: str) -> None:
    """In each of these a tool runs, and a model is asked anew with what it answered."""
    (recording,) = read_cassette(FIXTURES / f"{name}.jsonl")
    (stall,) = (each for each in find(recording) if each.code == "SL503")
    assert ("info", True) == (stall.severity, stall.cause.startswith("a step without output ran"))


@pytest.mark.parametrize("case", json_lines("stall_cases.jsonl"), ids=lambda case: case["case"])
def test_a_stall_is_a_warning_unless_a_step_says_why(case: dict[str, Any]) -> None:
    """A tool, or a step that began in the silence and ended in it; not one that has output."""
    reads = [(at_ms * MS, agent_event(*said)) for at_ms, *said in case["events"]]
    end_ns = case.get("end_ms", 60_000) * MS
    recording = timed(reads, end_ns=end_ns, reason=case.get("end", "complete"))
    assert [(case["told"], case["message"])] == [
        (each.severity, each.message) for each in find(recording) if each.code == "SL503"
    ]


AGENT_FIELDS = {
    "TEXT_MESSAGE_CONTENT": ("delta",),
    "TOOL_CALL_START": ("toolCallId", "toolCallName"),
    "TOOL_CALL_ARGS": ("toolCallId", "delta"),
    "TOOL_CALL_END": ("toolCallId",),
    "TOOL_CALL_RESULT": ("toolCallId",),
    "STEP_STARTED": ("stepName",),
    "STEP_FINISHED": ("stepName",),
}


def agent_event(type_: str, *said: str) -> bytes:
    """An event of AG-UI with its fields."""
    payload = {"type": type_, **dict(zip(AGENT_FIELDS[type_], said, strict=True))}
    return f"data: {json.dumps(payload)}\n\n".encode()


def test_places_are_those_of_the_events_and_of_the_end() -> None:
    """Bytes, time and number; findings come in the order of their places."""
    recording = make_recording(
        chat_event("a"), b"data: {oops}\n\n", b"data: {oops}\n\n", gap_ns=100, reason="truncated"
    )
    found = find(recording)
    assert sorted(found, key=lambda each: each.start) == list(found)
    first, second = (each for each in found if each.code == "SL301")
    assert b"data: {oops}\n\n" == recording.body[second.start : second.stop]
    assert (1, 2, 200, 300) == (first.event, second.event, first.at_ns, second.at_ns)
    assert ("{oops}", 1) == (first.text, first.mark)
    (cut,) = (each for each in found if each.code == "SL101")
    assert (len(recording.body), 400, None) == (cut.start, cut.at_ns, cut.event)


def test_a_long_text_is_cut_around_its_mark() -> None:
    """The mark stays on its character."""
    data = b'{"a":"' + b"z" * 9000 + b'"!}'
    recording = make_recording(chat_event("a"), b"data: " + data + b"\n\n")
    (finding,) = (each for each in find(recording) if each.code == "SL301")
    assert finding.mark is not None
    assert len(finding.text) <= 2000
    assert "!" == finding.text[finding.mark]


def test_severities_and_limits_are_given() -> None:
    """By code or slug; of two stalls only the longer is above a higher limit."""
    stream = [chat_event("a"), chat_event("b"), FINISH, DONE]
    recording = make_recording(*stream, gap_ns=100)
    assert is_clean(find(recording))
    (finding,) = (
        each for each in find(recording, severities={"SL420": "error"}) if each.code == "SL420"
    )
    assert "error" == finding.severity
    assert not is_clean(find(recording, severities={"usage-missing": "error"}))
    tight = find(recording, analysis=analyze(recording), limits=Limits(stall_ns=99))
    assert ["SL503"] == [each.code for each in tight if each.severity == "warning"]


def test_findings_are_chosen_by_prefix_and_slug() -> None:
    """Ignoring goes before selecting."""
    found = find(make_recording(b"\xef\xbb\xbf" + chat_event("a")))
    assert {"SL201", "SL401", "SL404"} <= {each.code for each in found}
    assert {"SL201"} == {each.code for each in chosen(found, ["SL2", "bom"])}
    assert {"SL401"} == {each.code for each in chosen(found, ["SL40"], ["missing-finish-reason"])}
    assert found == chosen(found)


@pytest.mark.parametrize("stream", [[FINISH, DONE[:-1]], [FINISH[:-1]], [FINISH, DONE[:-2]]])
def test_an_event_that_lacks_only_its_empty_line_is_not_missed(stream: list[bytes]) -> None:
    """SL207 says it; the marker or the finish reason in it is there, for many readers."""
    found = find(make_recording(chat_event("a"), *stream))
    assert ["SL207"] == [each.code for each in found if each.severity != "info"]


def test_what_our_side_ended_lacks_nothing() -> None:
    """A client that leaves early does not miss an end marker; it left, though."""
    left = make_recording(chat_event("a"), reason="client_closed")
    assert ["SL508"] == [each.code for each in find(left) if each.severity != "info"]
    going_on = replace(left, end=None)
    assert [] == [each.code for each in find(going_on) if each.severity != "info"]


@pytest.mark.parametrize("reason", [each for each in END_REASONS if each != "unreachable"])
def test_an_end_that_is_not_good_is_an_error(reason: str) -> None:
    """With or without a response, and however good the events are."""
    stream = (chat_event("a"), FINISH, DONE)
    is_good = reason in ("complete", "client_closed")
    assert is_good == is_clean(find(make_recording(*stream, reason=reason)))
    nothing = replace(make_recording(reason=reason), response=None)
    assert not is_clean(find(nothing))


def test_no_connection_is_an_error() -> None:
    """There is nothing else to find then."""
    unreachable = replace(make_recording(reason="unreachable"), response=None)
    assert ["SL112"] == [each.code for each in find(unreachable)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["choices", "delta", "finish_reason", "usage", "tool_calls", "index", "type", "id",
             "error", "message", "function", "sequence_number", "content", "completion_tokens",
             "prompt_tokens", "total_tokens", "completion_tokens_details", "name", "role"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
CHUNKS = JSON.map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n")
PIECES = st.one_of(
    st.binary(min_size=1, max_size=30),
    CHUNKS,
    st.sampled_from(
        [piece for rule in RULES for piece in rule.example.pieces if 0 < len(piece) < 1000]
    ),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["Content-Type", "Content-Length", "Content-Encoding", "X"]),
        st.sampled_from(["text/event-stream", "text/html", "gzip", "br, gzip", "-1", "", "é\0"]),
    ),
    max_size=3,
).map(tuple)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    recording = make_recording(
        *draw(st.lists(PIECES, max_size=8)),
        headers=draw(HEADERS | st.just((("Content-Type", "text/event-stream"),))),
        status=draw(st.sampled_from([200, 204, 302, 500])),
        gap_ns=draw(st.sampled_from([0, 10, 10_000_000_000])),
        reason=draw(st.sampled_from(END_REASONS)),
    )
    if draw(st.booleans()):
        recording = replace(recording, tags=(UNTIMED,))
    if draw(st.sampled_from([False, False, True])):
        recording = replace(recording, end=None)
    return recording


def check_invariants(recording: Recording, found: Any) -> None:
    size = len(recording.body) if not recording.response else None
    for each in found:
        assert each.severity in SEVERITIES
        assert 0 <= each.start <= each.stop
        assert size is None or each.stop <= size
        assert each.mark is None or 0 <= each.mark <= len(each.text)
        for text in (each.message, each.cause, each.hint, each.text):
            text.encode()  # no lone surrogates: it can be stored and printed


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_whatever_the_stream_no_rule_raises(recording: Recording) -> None:
    """Any bytes, any JSON, any headers, any end."""
    found = find(recording)
    check_invariants(recording, found)
    assert found == find(recording, stream=read_stream(recording), analysis=analyze(recording))


@settings(max_examples=60, deadline=None)
@given(recordings(), st.sampled_from(sorted(_GRAMMARS)))
def test_whatever_the_grammar_no_rule_raises(recording: Recording, dialect: str) -> None:
    """Those of dialects that are told by other streams, too."""
    stream = read_stream(recording)
    analysis = replace(analyze(recording, stream=stream), dialect=dialect)
    check_invariants(recording, find(recording, stream=stream, analysis=analysis))


def test_a_healthy_stream_is_not_read_again_for_most_rules() -> None:
    """What only broken streams need is not worked out."""
    recording = read_cassette(FIXTURES / "llama.cpp/long-400.jsonl")[0]
    stream = read_stream(recording)
    subject = Subject(recording, stream, analyze(recording, stream=stream), Limits())
    for rule in RULES:
        list(rule.find(subject))
    assert {} == subject.issues
    assert [] == subject.flaws


def test_findings_of_any_text_can_be_stored(library: Library) -> None:
    """Lone surrogates, NUL, and what a terminal obeys."""
    evil = (
        b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"}}],"id":"\\ud800\\u0000"}\n\n'
    )
    library.add([make_recording(evil, evil.replace(b"\\ud800", b"x"), b"id: \0\x1b[2J\n\n")])


@needs_corpus
def test_no_rule_raises_on_the_corpus_and_few_errors_are_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Prints how often each code is found (`pytest -s`)."""
    census: dict[str, int] = {}
    for entry in entries():
        headers = tuple((entry.get("response_headers") or {}).items())
        if kind_of_entry(entry) is EVENT_STREAM:
            headers = (*STREAM_TYPE, *(pair for pair in headers if pair[0] == "content-length"))
        body = (CORPUS / entry["file"]).read_bytes()
        recording = replace(make_recording(body, headers=headers), tags=(UNTIMED,))
        found = find(recording)
        check_invariants(recording, found)
        for code in {f"{each.code} {each.slug} {each.severity}" for each in found}:
            census[code] = census.get(code, 0) + 1
    with capsys.disabled():
        print(*(f"\n{count:4} {code}" for code, count in sorted(census.items())))
    assert census


STREAM_TYPE = (("content-type", "text/event-stream"),)
