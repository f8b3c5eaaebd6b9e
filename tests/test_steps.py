"""Steps: ends find their beginnings, and what has only one of the two is told as it is."""

from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.analysis import analyze, step_times
from streamlab.cassette import read_cassette
from streamlab.dialect import Delta, Step
from streamlab.recording import UNTIMED
from tests.conftest import FIXTURES, make_recording


def begin(label: str = "", id_: str = "", name: str = "node") -> Delta:
    return Delta("status", label, name, step=Step("begin", id_))


def end(label: str = "", id_: str = "", stated_ms: float | None = None) -> Delta:
    return Delta("status", label, "done", step=Step("end", id_, stated_ms))


def told(*deltas: Delta) -> list[tuple[Any, ...]]:
    """Label, begin, end, depth of the steps of deltas that come 10 ns apart."""
    timed = [(10 * number, delta) for number, delta in enumerate(deltas, start=1)]
    steps = step_times(timed)
    return [(step.label or step.name, step.start_ns, step.stop_ns, step.depth) for step in steps]


def test_ids_pair_what_runs_at_once() -> None:
    """Whatever the labels say."""
    assert [("a", 10, 30, 0), ("a", 20, 40, 1)] == told(
        begin("a", "1"), begin("a", "2"), end("b", "1"), end("b", "2")
    )


def test_the_last_end_of_an_id_counts_and_a_second_begin_does_not() -> None:
    """A tool's arguments are whole, then it answers; its input is announced, then there."""
    assert [("f", 10, 40, 0)] == told(
        begin("f", "1"), begin("f", "1"), end("", "1"), end("", "1"), Delta("text", "a")
    )


def test_an_id_that_begins_again_is_another_step() -> None:
    """Once it has ended."""
    assert [("f", 10, 20, 0), ("f", 30, None, 0)] == told(
        begin("f", "1"), end("", "1"), begin("f", "1")
    )


def test_labels_pair_what_has_no_id() -> None:
    """Of two with one label the one that began last."""
    assert [("a", 10, 60, 0), ("b", 20, 40, 1), ("a", 30, 50, 2)] == told(
        begin("a"), begin("b"), begin("a"), end("b"), end("a"), end("a")
    )


def test_an_end_without_a_label_is_the_last_steps() -> None:
    """Nested as brackets are; one with an id is not meant."""
    assert [("node", 10, 50, 0), ("node", 20, 40, 1), ("f", 30, None, 2)] == told(
        begin(), begin(), begin("f", "1"), end(), end()
    )


def test_where_steps_only_begin_each_ends_as_the_next_begins() -> None:
    """The last is open until the stream's end; steps of another kind, or with ids, are apart."""
    assert [("a", 10, 40, 0), ("f", 20, None, 1), ("x", 30, None, 2), ("b", 40, None, 2)] == told(
        begin("a"), begin("f", "1"), begin("x", name="other"), begin("b")
    )


def test_where_some_end_the_others_are_open() -> None:
    """A node that waits for its user never ends."""
    assert [("a", 10, 20, 0), ("b", 30, None, 0), ("c", 40, None, 1)] == told(
        begin("a"), end("a"), begin("b"), begin("c")
    )


@pytest.mark.parametrize("lone", [end("a"), end("", "1"), end()])
def test_an_end_that_nothing_began_has_no_start(lone: Delta) -> None:
    """It is a step all the same."""
    assert [("done" if not lone.text else "a", None, 10, 0), ("b", 20, None, 0)] == told(
        lone, begin("b")
    )


def test_what_the_server_states_is_kept_beside_what_was_measured() -> None:
    """With the end, or for all steps at once, in the order in which they began."""
    stated = [Delta("status", label, step=Step("stated", "", ms)) for label, ms in
              [("start", 1.0), ("a", 2.0), ("b", 3.0), ("a", 4.0), ("a", 5.0)]]  # fmt: skip
    steps = step_times((0, delta) for delta in [begin("a"), begin("b"), begin("a"), *stated])
    assert [("a", 2.0), ("b", 3.0), ("a", 4.0)] == [(s.label, s.stated_ms) for s in steps]
    (step,) = step_times([(5, begin("a")), (9, end("a", stated_ms=390.0))])
    assert (5, 9, 390.0) == (step.start_ns, step.stop_ns, step.stated_ms)


PHASES: list[Literal["begin", "end", "stated"]] = ["begin", "end", "stated"]
labels = st.sampled_from(["", "a", "b"])
any_steps = st.builds(
    lambda kind, label, name, phase, id_: Delta(kind, label, name, step=Step(phase, id_)),
    st.sampled_from(["status", "tool_call"]), labels, labels, st.sampled_from(PHASES), labels,
)  # fmt: skip


@given(st.lists(any_steps, max_size=30))
def test_any_steps_in_any_order_make_sense(deltas: list[Delta]) -> None:
    """In order of their times, none ending before it begins, no more open than have begun."""
    steps = step_times(enumerate(deltas))
    assert len(steps) <= len(deltas)
    known_ns = [step.stop_ns if step.start_ns is None else step.start_ns for step in steps]
    assert sorted(known_ns) == known_ns  # type: ignore[type-var]
    for number, step in enumerate(steps):
        assert 0 <= step.depth <= number
        if step.start_ns is not None and step.stop_ns is not None:
            assert step.start_ns <= step.stop_ns
            is_nested = sum(
                (earlier.start_ns or 0) <= step.start_ns
                and (earlier.stop_ns is None or earlier.stop_ns > step.start_ns)
                for earlier in steps[:number]
                if earlier.start_ns is not None
            )
            assert is_nested == step.depth


def test_fastgpt_names_nodes_and_tools_with_times() -> None:
    """v2: the node that calls tools holds the call, which holds the tool's node; the one that asks
    its user never ends."""
    (recording,) = read_cassette(FIXTURES / "systems/fastgpt-tools.jsonl")
    assert [
        ("工具调用", 0, 2580.0, False), ("findRooms", 1, None, False),
        ("会议室查询", 2, 390.0, False), ("Choose a room", 0, None, True),
    ] == [
        (step.label, step.depth, step.stated_ms, step.stop_ns is None)
        for step in analyze(recording).steps
    ]  # fmt: skip


def test_untimed_steps_have_no_times_but_those_that_are_stated() -> None:
    """An imported body knows their order, and what the server says."""
    node = '{"event":"%s","data":{"id":"1","title":"LLM","elapsed_time":0.5}}'
    body = "".join(f"data: {node % name}\n\n" for name in ("node_started", "node_finished"))
    recording = replace(make_recording(body.encode()), tags=(UNTIMED,))
    (step,) = analyze(recording).steps
    assert ("LLM", None, None, 500.0) == (step.label, step.start_ns, step.stop_ns, step.stated_ms)
