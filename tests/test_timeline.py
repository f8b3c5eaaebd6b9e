"""When events arrived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.framing import Framing
from streamlab.recording import Header, Read, Response
from streamlab.sse import Event
from streamlab.timeline import Timeline, arrivals, framed_arrivals
from tests.conftest import make_recording


def test_an_event_split_over_reads_has_both_times() -> None:
    """First byte and completion are each stamped with their own read."""
    recording = make_recording(b"data: a\n\ndata:", b" b", b"\n\ndata: c\n\n", gap_ns=10)
    events = [a for a in arrivals(recording) if isinstance(a.item, Event)]
    assert [("a", 10, 10, 0), ("b", 10, 30, 2), ("c", 30, 30, 2)] == [
        (a.item.data, a.first_at_ns, a.at_ns, a.read_index)
        for a in events
        if isinstance(a.item, Event)
    ]


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=10))
def test_any_reads_give_ordered_times(pieces: list[bytes]) -> None:
    """An item never starts after it is complete, and items complete in order."""
    arrived = arrivals(make_recording(*pieces))
    assert all(a.first_at_ns <= a.at_ns for a in arrived)
    assert sorted(a.at_ns for a in arrived) == [a.at_ns for a in arrived]


def response(*media_type: str) -> Response:
    headers: tuple[Header, ...] = tuple(("Content-Type", each) for each in media_type)
    return Response(status=200, headers=headers, at_ns=0)


def framing_of(response: Response, body: bytes, *, is_over: bool) -> Framing | None:
    timeline = Timeline(response)
    timeline.feed(Read(at_ns=0, data=body))
    if is_over:
        timeline.close(is_complete=True)
    return timeline.framing


SOUND_PRELUDE = bytes.fromhex("00000010 00000000 05C248EB")


@pytest.mark.parametrize(
    ("media_type", "body", "expected"),
    [
        ("text/event-stream", b"", "event-stream"),
        ("Text/Event-Stream; charset=utf-8", b"{}", "event-stream"),
        ("application/x-ndjson", b"data: x", "json-lines"),
        ("application/jsonl; charset=utf-8", b"", "json-lines"),
        ("application/vnd.amazon.eventstream", b"", "aws-event-stream"),
        ("text/plain", b"", None),
        ("text/plain", b" \r\n", None),
        ("text/plain", b"data: x\n\n", "event-stream"),
        ("text/plain", b"\n\n: ping\n\n", "event-stream"),
        ("text/plain", b"retr", None),
        ("", b"\xef\xbb\xbfevent: a\n", "event-stream"),
        ("", b"\xef\xbb", None),
        ("", b"data, and more", "none"),
        ("", b"id", None),
        ("text/html", b"<html>", "none"),
        ("application/json", b'{"data": 1}', "none"),
        ("application/json", b'{"a": 1}\n{"a": 2}\n', "none"),
        ("application/json", b'\n [\n{"a"', "json-array"),
        ("application/problem+json", b"[1]", "none"),
        ("", b'[{"a": 1}]', "none"),
        ("", b'{"a": 1}\n{"a": 2}\n', "json-lines"),
        ("text/plain", b'\xef\xbb\xbf\n{"a": 1}\r\n\r\n{', "json-lines"),
        ("text/plain", b'{"a": 1}\n', None),
        ("text/plain", b'{"a": 1', None),
        ("text/plain", b'{"a": 1}\nx', "none"),
        ("text/plain", b'{\n  "a": 1\n}', "none"),
        ("text/plain", b"{" + b"x" * 20_000, "none"),
        ("text/html", b'{"a": 1}\n{"a": 2}\n', "none"),
        ("", SOUND_PRELUDE, "aws-event-stream"),
        ("application/octet-stream", SOUND_PRELUDE[:11], None),
        ("", SOUND_PRELUDE[:11] + b"x", "none"),
    ],
)
def test_what_framing_a_body_has(media_type: str, body: bytes, expected: Framing | None) -> None:
    """The content type decides; where it announces no stream, what the body starts with. None:
    what has been decoded so far does not tell."""
    head = response(media_type)
    assert expected == framing_of(head, body, is_over=False)
    bytewise = Timeline(head)
    for byte in body:
        bytewise.feed(Read(at_ns=0, data=bytes([byte])))
    assert expected == bytewise.framing
    if expected is None:
        assert (None if not body else "none") == framing_of(head, body, is_over=True)


def test_what_has_no_bytes_or_no_response_has_no_events() -> None:
    """Encoded bytes that give nothing yet tell nothing; identity is no coding."""
    coded = Response(
        status=200,
        headers=(("Content-Type", "text/plain"), ("Content-Encoding", "gzip")),
        at_ns=0,
    )
    assert framing_of(coded, b"\x1f", is_over=False) is None
    assert "none" == Timeline(None).framing


def test_what_was_held_back_keeps_its_times() -> None:
    """A first line of unlabelled JSON lines is known for one only when the second begins; its event
    has the time of its own read all the same."""
    recording = make_recording(
        b' {"a"', b": 1}", b"\n", b'{"a": 2}', b"\n", gap_ns=10, headers=(("Content-Type", "x/y"),)
    )
    assert [(' {"a": 1}', 10, 30, 2), ('{"a": 2}', 40, 50, 4)] == [
        (a.item.data, a.first_at_ns, a.at_ns, a.read_index)
        for a in arrivals(recording)
        if isinstance(a.item, Event)
    ]


def test_a_cut_body_may_end_while_it_is_held_back() -> None:
    """An end settles what it is, whichever way the body ended."""
    head = (("Content-Type", "text/plain"),)
    one_line = make_recording(b'{"error": "no"}\n', headers=head, reason="reset")
    assert ("none", ()) == framed_arrivals(one_line)
