"""assert_stream: what is so passes, what is not shows the stream around it."""

from dataclasses import replace

import pytest

from streamlab.cassette import read_cassette
from streamlab.errors import InputError
from streamlab.recording import End, Recording
from streamlab.testing import ToolCall, assert_stream
from tests.conftest import DONE, FINISH, FIXTURES, chat_event, make_recording

GOOD = make_recording(chat_event("Hel"), chat_event("lo"), FINISH + DONE, name="good")


def fixture(name: str) -> Recording:
    return read_cassette(FIXTURES / f"{name}.jsonl")[0]


def failure(act: object) -> str:
    with pytest.raises(AssertionError) as caught:
        act()  # type: ignore[operator]
    return str(caught.value)


def test_what_is_so_can_be_said_in_a_row() -> None:
    """Methods return the assertion, attributes are values."""
    said = assert_stream(GOOD).says("Hello").ended("complete").no_findings().ttft_below("11ms")
    assert "Hello" == said.text
    assert "complete" == said.end
    assert 4 == len(said.events("message"))


def test_the_text() -> None:
    """The first difference, and the event that brought it."""
    told = failure(lambda: assert_stream(GOOD).says("Help"))
    assert told.startswith(
        "0123456789ab good: the text differs at character 3: “lo” instead of “p”"
    )
    (marked,) = [line for line in told.splitlines() if line.startswith(">")]
    assert "“lo”" in marked
    assert "head 200" in told
    assert "at character 5: “” instead of “!”" in failure(
        lambda: assert_stream(GOOD).says("Hello!")
    )


def test_the_end() -> None:
    """A client that left after [DONE] has a complete stream, one that left before has not."""
    assert GOOD.end is not None
    left = replace(GOOD, end=End(at_ns=GOOD.end.at_ns, reason="client_closed"))
    assert_stream(left).ended("complete").ended("client_closed").no_findings()
    early = replace(left, reads=left.reads[:1])
    told = failure(lambda: assert_stream(early).ended("complete"))
    assert "the stream ended client_closed, not complete" in told
    assert "> " in told
    assert "SL508 client-abort" in failure(lambda: assert_stream(early).no_findings())


@pytest.mark.parametrize("limit", ["10ms", "10 ms", "0.01s", "10000us", "10000µs", "10000000ns"])
def test_the_first_token(limit: str) -> None:
    """In any unit; the limit itself is not below."""
    told = failure(lambda: assert_stream(GOOD).ttft_below(limit))
    assert f"the first token came after 10.0 ms, not below {limit}" in told
    assert "> " in told


def test_no_first_token() -> None:
    """Where nothing was measured nothing is below."""
    assert "no first token" in failure(lambda: assert_stream(make_recording()).ttft_below("1s"))
    with pytest.raises(InputError, match="'soon' is no duration"):
        assert_stream(GOOD).ttft_below("soon")


def test_findings() -> None:
    """Each of them, and the first where it stands."""
    told = failure(lambda: assert_stream(fixture("systems/assisters-malformed")).no_findings())
    assert "SL301 json-invalid: Expecting ',' delimiter" in told
    (marked,) = [line for line in told.splitlines() if line.startswith(">")]
    assert "malformed" in marked
    assert "SL412 error-mid-stream: The team has no points left" in failure(
        lambda: assert_stream(fixture("systems/fastgpt-error")).no_findings()
    )
    limited = assert_stream(fixture("systems/selamgpt-rate-limited"))
    assert "SL109 http-error-status" in failure(limited.no_findings)


def test_events_by_type() -> None:
    """All of a type; none is a failure that says what there is."""
    said = assert_stream(fixture("systems/fastgpt-error"))
    assert ["flowNodeStatus"] * 2 == [event.type for event in said.events("flowNodeStatus")]
    told = failure(lambda: said.events("flowNode"))
    assert "no event 'flowNode'; there are: flowNodeStatus, answer, error" in told


def call_event(piece: str) -> bytes:
    choice = '{"index":0,"delta":{"tool_calls":[' + piece + ']},"finish_reason":null}'
    head = '{"id":"c","object":"chat.completion.chunk","model":"m","choices":'
    return f"data: {head}[{choice}]}}\n\n".encode()


def test_tool_calls_are_put_together() -> None:
    """By index, by id where all are numbered 0, and by order where a piece says neither."""
    by_index = make_recording(
        call_event('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x\\""}}'),
        call_event('{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}'),
        call_event('{"index":0,"function":{"arguments":":1}"}}'),
        DONE,
    )
    expected = (
        ToolCall(name="f", id="a", arguments_text='{"x":1}'),
        ToolCall(name="g", id="b", arguments_text="{}"),
    )
    assert expected == assert_stream(by_index).tool_calls()
    all_zero = make_recording(
        call_event('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"x\\":1}"}}'),
        call_event('{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}'),
        DONE,
    )
    assert expected == assert_stream(all_zero).tool_calls()
    assert () == assert_stream(GOOD).tool_calls()


def test_untrusted_text_is_drawn() -> None:
    """No control character of a stream reaches a terminal by a failure."""
    evil = make_recording(b"data: \x1b[2J\n\n", b"event: \x1b[31m\ndata: {\n\n", name="\x1b]0;x")
    for act in (
        lambda: assert_stream(evil).ended("reset"),
        lambda: assert_stream(evil).says("x"),
        lambda: assert_stream(evil).events("y"),
    ):
        assert "\x1b" not in failure(act)
