"""Each dialect recognises its events and reads them as documented."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.dialect import (
    DIALECTS,
    Delta,
    Detection,
    Dialect,
    Reader,
    chunk,
    detect,
    main_delta,
)
from streamlab.dialect.delta import as_json
from streamlab.dialect.openai_chat import _read_delta, read_choices, read_chunk
from streamlab.recording import Response
from streamlab.sse import Event
from tests.conftest import json_lines

CASES = json_lines("dialect_cases.jsonl") + json_lines("dialect_cases_agents.jsonl")


def json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


BY_NAME = {dialect.name: dialect for dialect in DIALECTS}


def event(data: str, type_: str = "message") -> Event:
    return Event(type_, data, None, 0, 0)


def described(delta: Delta) -> list[object]:
    """Kind, what it says, choice: as the case file writes a delta."""
    said: object = delta.finish_reason or delta.text
    if delta.kind == "malformed":
        said = delta.name
    if delta.usage is not None:
        usage = delta.usage
        said = [usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens]
    return [delta.kind, said, delta.choice]


@pytest.mark.parametrize("case", CASES, ids=[case["data"][:60] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    """A single event shows its dialect, and is read into its deltas."""
    found = chunk(event(case["data"], case.get("event", "message")))
    headers = (("Content-Type", case.get("media_type", "text/event-stream")),)
    response = Response(status=200, headers=headers, at_ns=0)
    detection = detect("https://api.example" + case.get("url", "/"), response, [found])
    if not case.get("is_evidence", True):  # other events of its stream show it
        detection = Detection(BY_NAME[case["dialect"]], "")
    assert case["dialect"] == (detection.dialect.name if detection else None)
    deltas = Reader(detection).read(found)
    assert case["deltas"] == [described(delta) for delta in deltas]
    if "calls" in case:
        calls = [delta for delta in deltas if delta.kind == "tool_call"]
        assert case["calls"] == [[call.name, call.call_id, call.call_index] for call in calls]
    if "steps" in case:
        assert case["steps"] == [list(delta.step) for delta in deltas if delta.step is not None]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_end_marker(dialect: Dialect) -> None:
    """[DONE] is the end in every dialect that has one."""
    assert ["end"] == [delta.kind for delta in dialect.read(chunk(event("[DONE]")))]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_says_what_ends_it(dialect: Dialect) -> None:
    """docs/dialects.md shows it."""
    assert dialect.ends


JSON_NAMES = (
    *("choices", "delta", "content", "usage", "error", "index", "tool_calls", "tool", "function"),
    *("arguments", "completion_tokens", "outputTokens", "text", "name", "object"),
    *("message", "done", "response", "thinking", "bytes", "contentBlockDelta", "reasoningContent"),
    *("toolUse", "metadata", "outputs", "generation", "amazon-bedrock-invocationMetrics"),
    *("type", "message", "id", "item", "response", "delta", "status", "reasoning_details", "audio"),
    *("content_block", "input", "thinking", "partial_json", "candidates", "parts", "functionCall"),
    *("usageMetadata", "thoughtsTokenCount", "promptFeedback", "event_type", "step", "interaction"),
    *("step_details", "last_error", "tokens", "stop", "token", "details", "generated_text"),
    *("results", "errors", "x_groq", "timings", "code", "value"),
    *("parts", "artifact", "artifacts", "status", "message", "metadata", "params", "ops", "input"),
    *("elapsed_time", "runningTime", "id", "last_error", "answer", "thought", "tool_call_chunks"),
    *("data", "result"),
)
# What the dialects tell events by: the types and kinds of all cases.
LABELS = sorted(
    {
        payload[field]
        for case in CASES
        if isinstance(payload := json_or_none(case["data"]), dict)
        for field in ("type", "object", "event_type", "event", "kind", "method", "jsonrpc")
        if isinstance(payload.get(field), str)
    }
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(LABELS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(JSON_NAMES),
            inner,
            max_size=4,
        )
        | st.builds(
            lambda field, label, rest: {field: label, **rest},
            st.sampled_from(["type", "event", "kind", "jsonrpc"]),
            st.sampled_from(LABELS),
            st.dictionaries(st.sampled_from(JSON_NAMES), inner, max_size=3),
        )
    ),
    max_leaves=12,
)


def altered(value: Any, path: list[int], new: Any) -> Any:
    """The value with another one at a path, whose steps are counted modulo what is there."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[path[0] % len(keys)]
    copy = value.copy()
    copy[key] = altered(value[key], path[1:], new)
    return copy


# Nearly an event of a dialect: something else stands somewhere in it.
nearly = st.builds(
    altered,
    st.sampled_from([json_or_none(case["data"]) for case in CASES]),
    st.lists(st.integers(0, 7), min_size=1, max_size=6),
    json_values,
)
data = st.one_of(
    st.text(max_size=40),
    json_values.map(json.dumps),
    json_values.map(
        lambda value: json.dumps({"bytes": base64.b64encode(json.dumps(value).encode()).decode()})
    ),
    st.just("[DONE]"),
    nearly.map(json.dumps),
)
names = st.sampled_from(
    sorted({"message", "throttlingException", *(c.get("event", "message") for c in CASES)})
)


@given(data, names, st.sampled_from(DIALECTS))
def test_any_event_can_be_read(text: str, name: str, dialect: Dialect) -> None:
    """Whatever an event holds, each dialect reads at least one delta and never raises."""
    found = chunk(event(text, name))
    deltas = dialect.read(found)
    assert deltas
    assert main_delta(deltas) in deltas
    assert len(deltas) == len(Reader(Detection(dialect, "")).read(found))
    detect("https://api.example/v1/chat/completions", None, [found])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"choices": [}', "json-invalid"),
        ('{"a": NaN}', "json-nonfinite"),
        ('{"a": -Infinity}', "json-nonfinite"),
        ("null", "json-not-object"),
        ("[1]", "json-not-object"),
        ("[" * 100_000, "json-invalid"),
        ('{"a": ' + "9" * 5000 + "}", "json-invalid"),
        ("", "json-invalid"),
    ],
)
def test_malformed_payloads_are_named(text: str, code: str) -> None:
    """What is not a JSON object (RFC 8259) is malformed, whatever Python's json makes of it."""
    (delta,) = DIALECTS[1].read(chunk(event(text)))
    assert ("malformed", code) == (delta.kind, delta.name)
    assert len(delta.text) < 300


def test_the_cause_shows_the_place() -> None:
    """The excerpt points at the character where reading stopped."""
    (delta,) = DIALECTS[1].read(chunk(event('{"a": {"b": 1},, "c": 2}')))
    assert '{"a": {"b": 1}, ⟪here⟫ , "c": 2}' in delta.text


@pytest.mark.parametrize(("id_", "dialect"), [("1795500300:0", "replicate"), ("7", "raw-text")])
def test_replicate_is_told_by_its_ids(id_: str, dialect: str) -> None:
    """Others name their events output, too."""
    detection = detect("", None, [chunk(Event("output", "Hi", id_, 0, 0))])
    assert detection is not None
    assert dialect == detection.dialect.name


def test_json_that_nests_too_deeply_is_not_written() -> None:
    """Python gives up on it; here it is no text, and no exception."""
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert "" == as_json(value)


def test_a_stream_may_turn_cumulative() -> None:
    """What was said in pieces before counts once, however often all of it is said again."""
    said = iter(
        [Delta("text", "a"), *(Delta("text", text, is_cumulative=True) for text in ("ab", "abc"))]
    )
    dialect = SimpleNamespace(read=lambda _: (next(said),))
    reader = Reader(Detection(dialect, ""))  # type: ignore[arg-type]
    read = [reader.read(chunk(event("{}"))) for _ in range(3)]
    assert ["a", "b", "c"] == [delta.text for (delta,) in read]


def test_an_odd_first_event_does_not_mislead() -> None:
    """The dialect is what any early event gives evidence of, the specific before the general."""
    events = [event("warming up"), event('{"choices":[{"delta":{"content":"x"}}]}')]
    detection = detect("", None, map(chunk, events))
    assert detection is not None
    assert "openai.chat" == detection.dialect.name


_TEXTS = st.sampled_from(["", "a", None, 0, [{"text": "b"}]])
_DELTAS = st.dictionaries(
    st.sampled_from(["content", "role", "reasoning", "refusal", "tool_calls"]), _TEXTS
)
_CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "delta": _DELTAS | st.none(),
        "index": st.sampled_from([0, 1, -1, "0", None]),
        "finish_reason": st.sampled_from(["", "stop", None, 1]),
    },
)
_CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "object": st.sampled_from(["chat.completion.chunk", "error", None]),
        "choices": st.lists(_CHOICES | st.none(), max_size=2),
        "usage": st.sampled_from([None, {}, {"completion_tokens": 1}]),
        "error": st.sampled_from([None, "e", {"message": "e"}]),
        "id": st.just("1"),
        "type": st.just("end_of_stream"),
        "timings": st.just({"predicted_n": 1}),
        "moderation": st.just([1]),
    },
)


@given(_CHUNKS)
def test_a_plain_chunk_is_read_as_any_other(payload: dict[str, object]) -> None:
    """The short way for chunks with a piece of text alone takes none that has more."""
    assert read_choices(payload, _read_delta) == read_chunk(payload)


_PLAIN: dict[str, object] = {
    "object": "chat.completion.chunk",
    "choices": [{"index": 1, "delta": {"content": "a"}, "finish_reason": None}],
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"usage": {"completion_tokens": 1}},
        {"object": "error", "message": "m"},
        {"object": "error"},
        {"error": {"message": "m"}},
        {"timings": {"predicted_n": 1}},
        {"type": "end_of_stream"},
        {"moderation": [1]},
        {"choices": [{"delta": {"content": "a", "refusal": "no"}}]},
        {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]},
    ],
)
def test_what_a_plain_chunk_has_besides_is_not_lost(more: dict[str, object]) -> None:
    """A chunk with a text that is plain but for one thing."""
    payload = _PLAIN | more
    assert read_choices(payload, _read_delta) == read_chunk(payload)
