"""Streams that are no Server-Sent Events, from their bytes to what people see."""

import json

import pytest

from streamlab.analysis import LiveStream, analyze
from streamlab.finding import find
from streamlab.recording import Header, Recording
from streamlab.recut import by_event, stream_events
from streamlab.replay import serve
from streamlab.schedule import schedule
from tests.cli_runner import run
from tests.conftest import make_recording

LINES = b'{"response": "He", "done": false}\n', b'{"response": "y", "done": true}'


def sent_as(media_type: str, *pieces: bytes, status: int = 200) -> Recording:
    headers: tuple[Header, ...] = (("Content-Type", media_type), ("Transfer-Encoding", "chunked"))
    return make_recording(*pieces, headers=headers, status=status, url="http://a/x")


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "text/plain"])
def test_a_stream_that_is_read_while_it_comes_is_read_as_afterwards(media_type: str) -> None:
    """The last line lacks its end: only the end of the body completes it."""
    recording = sent_as(media_type, *LINES)
    live = LiveStream("http://a/x", recording.response)
    events = [event for read in recording.reads for event in live.feed(read)]
    assert "json-lines" == live.framing
    events += live.close(is_complete=True)
    assert ["He", "y"] == [event.deltas[0].text for event in events]
    analysis = analyze(recording)
    assert ("json-lines", "ollama", "Hey", 2) == (
        analysis.framing,
        analysis.dialect,
        analysis.text,
        analysis.events,
    )
    assert (10_000_000, 20_000_000) == (analysis.ttft_ns, analysis.latency_ns)
    assert [] == LiveStream("http://a/x").close(is_complete=True)


@pytest.mark.parametrize(
    ("media_type", "body", "printed"),
    [
        ("application/x-ndjson", LINES, "Hey"),
        ("text/plain", LINES, "Hey"),
        ("text/plain", (b'{"a"', b": 1}\n"), '{"a": 1}\n'),
        ("text/plain", (b"dat", b"a or not"), "data or not"),
        ("application/json", (b'[{"a"', b": 1}]"), '{"a": 1}\n'),
    ],
)
def test_each_byte_is_printed_once(media_type: str, body: tuple[bytes, ...], printed: str) -> None:
    """As text of events, or as it came: also where only the end shows which."""
    with serve([sent_as(media_type, *body)], speed=0) as server:
        ran = run("record", f"{server.url.removesuffix('/v1')}/x", "-X", "POST")
    assert printed == ran.stdout


@pytest.mark.parametrize(
    ("media_type", "body", "errors"),
    [
        ("application/x-ndjson", b'{"error": "no such model"}\n', ("no such model",)),
        ("text/plain", b'{"error": {"message": "no such model"}}\n', ("no such model",)),
        ("application/json", b'[{"error": {"message": "no"}}]', None),
        ("text/event-stream", b"data: {}\n\n", ()),
    ],
)
def test_an_error_body_is_read_whatever_its_framing(
    media_type: str, body: bytes, errors: tuple[str, ...] | None
) -> None:
    """Its message; where nobody knows which that is, all of it."""
    found = analyze(sent_as(media_type, body, status=404)).errors
    assert (errors if errors is not None else (body.decode(),)) == found


def test_a_json_array_has_events_and_an_end() -> None:
    """Where its bracket is missing, that is a finding."""
    body = json.dumps([{"a": 1}, {"b": 2}], indent=2).encode()
    whole = sent_as("application/json", body)
    assert ("json-array", 2) == (analyze(whole).framing, analyze(whole).events)
    assert not find(whole)
    assert ["SL219"] == [each.code for each in find(sent_as("application/json", body[:-1]))]


def test_what_cuts_event_streams_leaves_other_framings_alone() -> None:
    """Faults and cuts by event know the lines of event streams only."""
    plan = schedule(sent_as("application/x-ndjson", LINES[0] + LINES[1]))
    assert stream_events(plan) is None
    assert plan == by_event(plan)
