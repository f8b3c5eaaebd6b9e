"""A recording as timed actions: same bytes, same pieces, same end, offsets divided by the speed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.recording import END_REASONS, Recording
from streamlab.schedule import Close, Finish, Hang, Reset, Send, SendHead, Spoil, schedule
from tests.conftest import make_recording

pieces = st.lists(st.binary(min_size=1, max_size=20), max_size=8)


@given(pieces, st.floats(0.01, 1000))
def test_speed_divides_offsets_and_changes_nothing_else(data: list[bytes], speed: float) -> None:
    """Bytes and pieces stay, each offset is the recorded one divided by the speed."""
    recording = make_recording(*data)
    sent = [a for a in schedule(recording, speed=speed).actions if isinstance(a, Send)]
    assert data == [action.data for action in sent]
    assert [round(read.at_ns / speed) for read in recording.reads] == [a.at_ns for a in sent]


def test_speed_1_is_the_recording() -> None:
    """As recorded: the head, each read and the end at their own times."""
    recording = make_recording(b"a", b"b", gap_ns=10)
    assert (
        SendHead(at_ns=5, status=200, headers=recording.response.headers),  # type: ignore[union-attr]
        Send(at_ns=10, data=b"a"),
        Send(at_ns=20, data=b"b"),
        Finish(at_ns=30),
    ) == schedule(recording).actions


def test_speed_0_waits_for_nothing() -> None:
    """`instant`: every offset is zero."""
    assert {0} == {action.at_ns for action in schedule(make_recording(b"a"), speed=0).actions}


def test_negative_speed_is_refused() -> None:
    """Time does not run backwards."""
    with pytest.raises(ValueError, match="0 or more"):
        schedule(make_recording(), speed=-1)


@pytest.mark.parametrize("reason", END_REASONS)
def test_every_end_reason_has_its_ending(reason: str) -> None:
    """The stream ends the way it ended."""
    endings = {
        "complete": Finish,
        "truncated": Close,
        "reset": Reset,
        "timeout": Hang,
        "protocol_error": Spoil,
        "client_closed": Hang,
        "recorder_died": Close,
        "unreachable": Close,
    }
    last = schedule(make_recording(b"a", reason=reason, gap_ns=10)).actions[-1]
    assert endings[reason](at_ns=20) == last


@pytest.mark.parametrize("last", [b"data: [DONE]\n\n", b"data:[DONE]\r\n\r\n", b"[DONE]\n\n"])
def test_a_client_that_left_after_the_end_marker_missed_nothing(last: bytes) -> None:
    """SDKs hang up there; the marker may come in two reads."""
    pieces = [b"data: x\n\ndata: ", last] if last.startswith(b"[") else [b"data: x\n\n", last]
    recording = make_recording(*pieces, reason="client_closed")
    assert isinstance(schedule(recording).actions[-1], Finish)


def test_a_recording_under_way_is_cut_where_it_stands() -> None:
    """Without an end the last read is the end, or the head, or nothing."""
    recording = replace(make_recording(b"a", gap_ns=10), end=None)
    assert Close(at_ns=10) == schedule(recording).actions[-1]
    assert Close(at_ns=5) == schedule(replace(recording, reads=())).actions[-1]
    bare = replace(recording, reads=(), response=None)
    assert (Close(at_ns=0),) == schedule(bare).actions


def framed(headers: tuple[tuple[str, str], ...], **fields: object) -> Recording:
    recording = make_recording(b"a", headers=headers)
    assert recording.response is not None
    response = replace(recording.response, **fields)  # type: ignore[arg-type]
    return replace(recording, response=response)


@pytest.mark.parametrize(
    ("recording", "framing"),
    [
        (framed((("Transfer-Encoding", "chunked"),)), "chunked"),
        (framed((("transfer-encoding", "gzip, Chunked"),)), "chunked"),
        (framed((("Content-Length", "1"),)), "length"),
        (framed(()), "close"),
        (framed((), http_version="HTTP/1.0"), "close"),
        (framed((), http_version="HTTP/2"), "chunked"),
        (framed((), status=204), "length"),
        (framed((), status=304), "length"),
        (replace(framed(()), response=None), "close"),
    ],
)
def test_framing(recording: Recording, framing: str) -> None:
    """The head says how the body was framed (RFC 9112, 6.3); HTTP/2 bodies become chunked."""
    assert framing == schedule(recording).framing


def test_redacted_headers_are_not_replayed() -> None:
    """A client must not take [redacted] for its cookie."""
    headers = (("Set-Cookie", "[redacted]"), ("X-Kept", "1"))
    head = schedule(make_recording(headers=headers)).actions[0]
    assert isinstance(head, SendHead)
    assert (("X-Kept", "1"),) == head.headers
