"""Each dialect recognises its events and reads them as documented."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.dialect import DIALECTS, Delta, Dialect, Reader, chunk, detect, main_delta
from streamlab.recording import Response
from streamlab.sse import Event

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "dialect_cases.jsonl")
    .read_text("utf-8")
    .splitlines()
]


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
def test_case(case: dict[str, str]) -> None:
    """A single event shows its dialect, and is read into its deltas."""
    found = chunk(event(case["data"], case.get("event", "message")))
    headers = (("Content-Type", case.get("media_type", "text/event-stream")),)
    response = Response(status=200, headers=headers, at_ns=0)
    detection = detect("https://api.example" + case.get("url", "/"), response, [found])
    if case["dialect"] == "fastgpt" and detection is None:  # the others of its stream show it
        detection = detect("", None, [chunk(event("{}", "flowNodeStatus"))])
    assert case["dialect"] == (detection.dialect.name if detection else None)
    assert case["deltas"] == [described(delta) for delta in Reader(detection).read(found)]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_end_marker(dialect: Dialect) -> None:
    """[DONE] is the end in every dialect that has one."""
    assert ["end"] == [delta.kind for delta in dialect.read(chunk(event("[DONE]")))]


JSON_NAMES = (
    *("choices", "delta", "content", "usage", "error", "index", "tool_calls", "tool", "function"),
    *("arguments", "completion_tokens", "outputTokens", "text", "name", "object"),
    *("message", "done", "response", "thinking", "bytes", "contentBlockDelta", "reasoningContent"),
    *("toolUse", "metadata", "outputs", "generation", "amazon-bedrock-invocationMetrics"),
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
    ),
    max_leaves=12,
)
data = st.one_of(
    st.text(max_size=40),
    json_values.map(json.dumps),
    json_values.map(
        lambda value: json.dumps({"bytes": base64.b64encode(json.dumps(value).encode()).decode()})
    ),
    st.just("[DONE]"),
)
names = st.sampled_from(
    [
        *("message", "answer", "flowNodeStatus", "flowResponses", "toolCall", "chunk"),
        *("contentBlockDelta", "metadata", "throttlingException", "error"),
    ]
)


@given(data, names, st.sampled_from(DIALECTS))
def test_any_event_can_be_read(text: str, name: str, dialect: Dialect) -> None:
    """Whatever an event holds, each dialect reads at least one delta and never raises."""
    found = chunk(event(text, name))
    deltas = dialect.read(found)
    assert deltas
    assert main_delta(deltas) in deltas
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
