"""When events arrived."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.recording import Header, Read, Response
from streamlab.sse import Event
from streamlab.timeline import Timeline, arrivals
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


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((("Content-Type", "text/event-stream"),), b"", True),
        ((("Content-Type", "text/plain"),), b"", None),
        ((("content-type", "Text/Event-Stream; charset=utf-8"),), b"{}", True),
        ((("Content-Type", "text/plain"),), b"data: x\n\n", True),
        ((("Content-Type", "text/plain"),), b": ping\n\n", True),
        ((), b"\xef\xbb\xbfevent: a\n", True),
        ((("Content-Type", "application/json"),), b'{"data": 1}', False),
        ((("Content-Type", "text/html"),), b"<html>", False),
        ((), b"data, and more", False),
        ((("Content-Type", "text/plain"), ("Content-Encoding", "gzip")), b"\x1f", None),
        ((("Content-Type", "text/event-stream"), ("Content-Encoding", "identity")), b"", True),
    ],
)
def test_what_counts_as_an_event_stream(
    headers: tuple[Header, ...], body: bytes, expected: bool | None
) -> None:
    """The content type decides; a body that starts like an event stream counts too. None: nothing
    has been decoded yet."""
    timeline = Timeline(Response(status=200, headers=headers, at_ns=0))
    timeline.feed(Read(at_ns=0, data=body))
    assert expected is timeline.is_event_stream
    assert Timeline(None).is_event_stream is False
