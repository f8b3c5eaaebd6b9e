"""Answers put together from deltas: of any dialect, per choice, calls told apart."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.analysis import ToolCall, analyze, answers
from streamlab.dialect import Delta, Usage
from streamlab.report import analysis_json
from tests.conftest import DONE, make_recording

Piece = tuple[str, str, int | None, str]


def call(name: str, id_: str, arguments_text: str) -> ToolCall:
    return ToolCall(name=name, id=id_, arguments_text=arguments_text)


def calls_of(*pieces: Piece) -> tuple[ToolCall, ...]:
    """The calls that pieces of name, id, index and text make up."""
    deltas = [
        Delta("tool_call", text, name, call_id=id_, call_index=index)
        for name, id_, index, text in pieces
    ]
    (answer,) = answers(deltas)
    return answer.tool_calls


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([("f", "a", 0, ""), ("", "", 0, "{"), ("", "", 0, "}")], [("f", "a", "{}")]),
        ([("f", "a", 0, "1"), ("g", "b", 1, "2"), ("", "", 0, "3"), ("", "", 1, "4")],
         [("f", "a", "13"), ("g", "b", "24")]),
        ([("f", "a", 0, "1"), ("f", "a", 0, "2")], [("f", "a", "12")]),  # labels with every piece
        ([("f", "a", 0, "1"), ("g", "b", 0, "2"), ("", "b", 0, "3")],  # all numbered 0
         [("f", "a", "1"), ("g", "b", "23")]),
        ([("f", "a", None, "1"), ("", "", None, "2")], [("f", "a", "12")]),  # no numbers
        ([("f", "a", None, "1"), ("g", "b", None, "2"), ("", "", None, "3")],  # the last goes on
         [("f", "a", "1"), ("g", "b", "23")]),
        ([("f", "", None, "1"), ("f", "", None, "2")], [("f", "", "1"), ("f", "", "2")]),  # whole
        ([("f", "", None, "1"), ("", "", None, "2")], [("f", "", "12")]),
        ([("", "", 0, "1"), ("f", "a", 0, "2")], [("f", "a", "12")]),  # the labels come late
    ],
)  # fmt: skip
def test_calls_are_told_apart(pieces: list[Piece], expected: list[tuple[str, str, str]]) -> None:
    """By id, by index, and without either by a name."""
    assert tuple(call(*each) for each in expected) == calls_of(*pieces)


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": 1}', {"a": 1}), ("[]", []), ('{"a": ', None), ("", None), ("[" * 9999, None)],
)  # fmt: skip
def test_arguments_are_parsed_as_far_as_they_are_json(text: str, value: object) -> None:
    """What was cut has its text."""
    assert value == call("f", "", text).arguments


def test_choices_do_not_mix() -> None:
    """Each has its own text, reasoning, refusal, calls and end; the counts are of all."""
    deltas = [
        Delta("text", "b", choice=1),
        Delta("reasoning", "r"),
        Delta("text", "a"),
        Delta("tool_call", "{}", "f", choice=1),
        Delta("refusal", "no", choice=2),
        Delta("empty", choice=3),
        Delta("finish", finish_reason="stop", choice=1),
        Delta("usage", usage=Usage(prompt_tokens=5, completion_tokens=1)),
        Delta("usage", usage=Usage(completion_tokens=9)),
        Delta("error", "gone"),
    ]
    first, second, third = answers(deltas)
    assert (0, "a", "r", (), None) == (
        first.choice, first.text, first.reasoning, first.tool_calls, first.finish_reason
    )  # fmt: skip
    assert ("b", "", (call("f", "", "{}"),), "stop") == (
        second.text, second.reasoning, second.tool_calls, second.finish_reason
    )  # fmt: skip
    assert (2, "", "no") == (third.choice, third.text, third.refusal)
    assert {Usage(5, 9, None)} == {first.usage, second.usage, third.usage}


def test_no_output_is_no_answer() -> None:
    """A stream that only pinged has said nothing."""
    assert () == answers([Delta("empty"), Delta("status"), Delta("end")])


def test_an_analysis_has_the_answers() -> None:
    """And so has its JSON, counts by their names; a failure told twice is told once."""
    payloads: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": "Hi"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"name": "f"}}]}}]},
        {"choices": [], "usage": {"completion_tokens": 2}},
        {"error": "gone"},
        {"error": "gone"},
    ]
    events = b"".join(b"data: %b\n\n" % json.dumps(payload).encode() for payload in payloads)
    analysis = analyze(make_recording(events + DONE))
    (answer,) = analysis.answers
    assert ("Hi", "Hi", ("gone",)) == (analysis.text, answer.text, analysis.errors)
    (shown,) = json.loads(json.dumps(analysis_json(analysis, ())))["answers"]
    assert [{"name": "f", "id": "", "arguments_text": ""}] == shown["tool_calls"]
    assert {"prompt_tokens": None, "completion_tokens": 2, "reasoning_tokens": None} == (
        shown["usage"]
    )


pieces = st.builds(
    Delta,
    kind=st.sampled_from(["text", "reasoning", "refusal", "tool_call"]),
    text=st.text(max_size=3),
    name=st.sampled_from(["", "f", "g"]),
    choice=st.integers(0, 2),
    call_id=st.sampled_from(["", "a", "b"]),
    call_index=st.none() | st.integers(0, 2),
)


@settings(max_examples=50)
@given(st.lists(pieces, max_size=12))
def test_no_character_is_lost_or_doubled(deltas: list[Delta]) -> None:
    """Whatever the labels say, what came is there once."""
    made = answers(deltas)
    for kind, said in (
        ("text", "".join(answer.text for answer in made)),
        ("reasoning", "".join(answer.reasoning for answer in made)),
        ("refusal", "".join(answer.refusal for answer in made)),
        ("tool_call", "".join(c.arguments_text for a in made for c in a.tool_calls)),
    ):
        came = "".join(delta.text for delta in deltas if delta.kind == kind)
        assert sorted(came) == sorted(said)
