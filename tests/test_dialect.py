"""Each dialect recognises its events and reads them as documented."""

import json
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
from streamlab.sse import Event
from tests.conftest import json_lines

CASES = json_lines("dialect_cases.jsonl") + json_lines("dialect_cases_agents.jsonl")
NAMED = {dialect.name: dialect for dialect in DIALECTS}


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
    """A single event shows its dialect, unless others of its stream do, and is read into its
    deltas."""
    found = chunk(event(case["data"], case.get("event", "message")))
    detection = detect("https://api.example" + case.get("url", "/"), None, [found])
    if not case.get("shows", True):
        assert detection is None or detection.dialect.name != case["dialect"]
        detection = Detection(NAMED[case["dialect"]], "another event")
    assert case["dialect"] == (detection.dialect.name if detection else None)
    deltas = Reader(detection).read(found)
    assert case["deltas"] == [described(delta) for delta in deltas]
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
    *("arguments", "completion_tokens", "outputTokens", "text", "name", "object", "data", "result"),
    *("parts", "artifact", "artifacts", "status", "message", "metadata", "params", "ops", "input"),
    *("elapsed_time", "runningTime", "id", "last_error", "answer", "thought", "tool_call_chunks"),
)
# What the cases have in the fields by which dialects tell events apart, and as names of events.
LABELS = sorted(
    {
        value
        for case in CASES
        if case["data"].startswith("{") and case["deltas"][0][0] != "malformed"
        for name, value in json.loads(case["data"]).items()
        if name in ("type", "event", "kind", "method", "jsonrpc") and isinstance(value, str)
    }
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
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
data = st.one_of(st.text(max_size=40), json_values.map(json.dumps), st.just("[DONE]"))
names = st.sampled_from(sorted({case.get("event", "message") for case in CASES} | {"answer"}))


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


def test_an_odd_first_event_does_not_mislead() -> None:
    """The dialect is what any early event gives evidence of, the specific before the general."""
    events = [event("warming up"), event('{"choices":[{"delta":{"content":"x"}}]}')]
    detection = detect("", None, map(chunk, events))
    assert detection is not None
    assert "openai.chat" == detection.dialect.name
