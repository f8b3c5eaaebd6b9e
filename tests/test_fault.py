"""Faults as pure functions: what each makes of a schedule, for any recording and any options."""

import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.analysis import Analysis, analyze
from streamlab.errors import InputError
from streamlab.fault import (
    COMMON_OPTIONS,
    KINDS,
    Fault,
    break_schedule,
    fault,
    parse_fault,
    parse_faults,
    strikes,
)
from streamlab.finding import find
from streamlab.recording import END_REASONS, End, Read, Recording, Response
from streamlab.recut import sends_of, stream_events
from streamlab.replay.script import script
from streamlab.schedule import (
    Close,
    Finish,
    Hang,
    Reset,
    Schedule,
    SendHead,
    Spoil,
    schedule,
)
from streamlab.sse import Event, decode
from tests.conftest import DONE, FINISH, chat_event, make_recording

MS = 1_000_000
ONE, TWO = b'data: {"a":"\xc3\xa9"}\n\n', b'data: {"b":2}\n\n'
STREAM = make_recording(ONE, TWO, DONE)  # the head at 5 ms, then one each 10 ms, the end at 40
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
COMMENT = b": keep-alive\n\n"
WHY = b'"streamlab was asked to break this answer"'
ERROR = b'{"error": {"message": %b, "type": "%b", "code": null, "param": null}}'
RATE_LIMIT = ERROR % (WHY, b"rate_limit_error")
HTML = b"<!DOCTYPE html>\n<html><body><h1>We will be back soon</h1></body></html>\n"

Told = list[tuple[float, object]]


def told(broken: Schedule) -> Told:
    """The actions with their times in ms: bytes of the body, and words."""
    return [(action.at_ns / MS, _word(action)) for action in broken.actions]


def _word(action: Any) -> object:
    if isinstance(action, SendHead):
        return action.status
    return getattr(action, "data", type(action).__name__.lower())


# What each fault makes of `STREAM`, whose own actions are:
WHOLE: Told = [(5, 200), (10, ONE), (20, TWO), (30, DONE), (40, "finish")]
CASES: dict[str, Told] = {
    "latency:ms=2.5": [(at_ms + 2.5, what) for at_ms, what in WHOLE],
    "jitter:ms=0": WHOLE,
    "stall:ms=100": [(5, 200), (10, ONE), (120, TWO), (130, DONE), (140, "finish")],
    "stall:after=0,ms=1": [(5, 200), (11, ONE), (21, TWO), (31, DONE), (41, "finish")],
    "stall:after=9,ms=1": [*WHOLE[:-1], (41, "finish")],
    # 18, 15 and 14 bytes at 10, 20 and 30 ms; a byte takes 1 ms.
    "bandwidth:bytes_per_s=1000": [(5, 200), (28, ONE), (43, TWO), (57, DONE), (57, "finish")],
    "bandwidth:bytes_per_s=100": [
        (5, 200), (110, ONE[:10]), (190, ONE[10:]), (290, TWO[:10]), (340, TWO[10:]),
        (440, DONE[:10]), (480, DONE[10:]), (480, "finish"),
    ],
    "slice:bytes=8": [
        (5, 200), (10, ONE[:8]), (11, ONE[8:16]), (12, ONE[16:]), (20, TWO[:8]), (21, TWO[8:]),
        (30, DONE[:8]), (31, DONE[8:]), (40, "finish"),
    ],
    "slice": [(5, 200), (10, ONE[:16]), (11, ONE[16:]), *WHOLE[2:]],
    "slice:at=utf8,gap_ms=0": [(5, 200), (10, ONE[:13]), (10, ONE[13:]), *WHOLE[2:]],
    "slice:at=crlf": WHOLE,
    "slice:at=every_byte,gap_ms=20": [
        (5, 200),
        *((10 + 20 * n, bytes([byte])) for n, byte in enumerate(ONE + TWO + DONE)),
        (930, "finish"),
    ],
    "merge": [(5, 200), (20, ONE + TWO), (30, DONE), (40, "finish")],
    "merge:events=9": [(5, 200), (30, ONE + TWO + DONE), (40, "finish")],
    "merge:bytes=18": [(5, 200), (10, ONE), (30, TWO + DONE), (40, "finish")],
    "hang": [(5, 200), (10, ONE), (10, "hang")],
    "truncate:after=2": [*WHOLE[:3], (20, "close")],
    "truncate:after=0": [(5, 200), (5, "close")],
    "reset": [(5, 200), (10, ONE), (10, "reset")],
    "slow_close:ms=60": [*WHOLE[:-1], (100, "finish")],
    "no_final_chunk": [*WHOLE[:-1], (40, "close")],
    "bad_chunk_size": [(5, 200), (10, ONE), (10, "spoil")],
    "malformed_json": [*WHOLE[:2], (20, b'data: {"b\n\n'), *WHOLE[3:]],
    "malformed_json:kind=quote": [*WHOLE[:2], (20, b'data: {b":2}\n\n'), *WHOLE[3:]],
    "malformed_json:after=0,kind=brace": [(5, 200), (10, b'data: {"a":"\xc3\xa9"\n\n'), *WHOLE[2:]],
    "malformed_json:after=2": WHOLE,  # [DONE] is no JSON object
    "drop": [*WHOLE[:2], *WHOLE[3:]],
    "drop:after=3": WHOLE,
    "duplicate": [*WHOLE[:3], (20, TWO), *WHOLE[3:]],
    "reorder:after=0": [(5, 200), (10, TWO), (20, ONE), *WHOLE[3:]],
    "reorder:after=2": WHOLE,
    "no_done": [*WHOLE[:3], (40, "finish")],
    "data_after_done": [*WHOLE[:4], (30, TWO), (40, "finish")],
    "error_event": [
        *WHOLE[:2],
        (10, b"data: %b\n\n" % (ERROR % (WHY, b"server_error"))),
        (10, "finish"),
    ],
    "keepalive": [
        *WHOLE[:2], (10, COMMENT), WHOLE[2], (20, COMMENT), WHOLE[3], (30, COMMENT), WHOLE[4],
    ],
    "keepalive:every_ms=20": [*WHOLE[:3], (25, COMMENT), *WHOLE[3:]],
    "ping:every_events=2": [*WHOLE[:3], (20, PING), *WHOLE[3:]],
    "bom": [(5, 200), (10, b"\xef\xbb\xbf" + ONE), *WHOLE[2:]],
    "crlf": [
        (5, 200), *((at, what.replace(b"\n", b"\r\n")) for at, what in WHOLE[1:4]), (40, "finish"),
    ],
    "cr": [
        (5, 200), *((at, what.replace(b"\n", b"\r")) for at, what in WHOLE[1:4]), (40, "finish"),
    ],
    "content_type": WHOLE,
    "html": [(5, 200), (5, HTML), (5, "finish")],
    "http_error": [(5, 429), (5, RATE_LIMIT), (5, "finish")],
}  # fmt: skip


@pytest.mark.parametrize(("spec", "expected"), CASES.items(), ids=CASES.keys())
def test_what_each_fault_does(spec: str, expected: Told) -> None:
    """Which bytes leave when, and how it ends."""
    assert expected == told(break_schedule(schedule(STREAM), parse_fault(spec)))


def test_every_fault_has_a_case() -> None:
    """In the table above, or alone below."""
    assert {"gzip_truncated"} == set(KINDS) - {parse_fault(spec).name for spec in CASES}


def headers_of(broken: Schedule) -> dict[str, str]:
    head = broken.actions[0]
    assert isinstance(head, SendHead)
    return dict(head.headers)


def broken_by(spec: str, recording: Recording = STREAM, draw: int = 0) -> Schedule:
    return break_schedule(schedule(recording), parse_fault(spec), draw=draw)


def test_gzip_lacks_its_trailer_only() -> None:
    """Flushed piece by piece, so that events come as they came; 8 bytes are missing at the end."""
    broken = broken_by("gzip_truncated")
    assert "gzip" == headers_of(broken)["Content-Encoding"]
    unpack = zlib.decompressobj(wbits=31)
    assert [ONE, TWO, DONE] == [unpack.decompress(send.data) for send in sends_of(broken)]
    assert not unpack.eof
    assert [10, 20, 30] == [send.at_ns / MS for send in sends_of(broken)]
    with pytest.raises(zlib.error, match="incorrect data check"):
        unpack.decompress(bytes(8))


def test_headers_of_broken_answers() -> None:
    """What replaces the answer has a head of its own; the type is exchanged in its place."""
    assert {"Content-Type": "text/html", "Content-Length": str(len(HTML))} == headers_of(
        broken_by("html")
    )
    assert {
        "Content-Type": "application/json",
        "Retry-After": "1.5",
        "Content-Length": str(len(RATE_LIMIT)),
    } == headers_of(broken_by("http_error:retry_after=1.5"))
    assert [
        ("Content-Type", "text/plain"),
        ("Transfer-Encoding", "chunked"),
    ] == list(headers_of(broken_by("content_type:value=text/plain")).items())


def test_an_error_has_the_shape_of_its_api() -> None:
    """Anthropic's stream, or Anthropic's headers, show whose it is."""
    start = b"event: message_start\ndata: {}\n\n"
    stream = make_recording(start, DONE)
    named = make_recording(
        headers=(("anthropic-organization-id", "x"), ("Content-Type", "application/json"))
    )
    overloaded = b'{"type": "error", "error": {"type": "overloaded_error", "message": %b}}' % WHY
    limited = overloaded.replace(b"overloaded", b"rate_limit")
    error = sends_of(broken_by("error_event", stream))[-1].data
    assert b"event: error\ndata: " + overloaded + b"\n\n" == error
    for recording in (stream, named):
        assert [limited] == [s.data for s in sends_of(broken_by("http_error", recording))]
        (whole,) = sends_of(broken_by("http_error:status=529", recording))
        assert overloaded == whole.data


def test_no_end_marker_of_anthropic() -> None:
    """Theirs is an event of its own."""
    stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert [ONE] == [s.data for s in sends_of(broken_by("no_done", make_recording(ONE, stop)))]


def test_crlf_is_cut_between_its_two_bytes() -> None:
    """Where a decoder must not take it for two ends of lines."""
    body = b"data: 1\r\n\r\n"
    pieces = [s.data for s in sends_of(broken_by("slice:at=crlf", make_recording(body)))]
    assert [b"data: 1\r", b"\n\r", b"\n"] == pieces


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_events_are_found_whatever_ends_their_lines(end: bytes) -> None:
    """And however the reads were cut."""
    events = [b'data: {"n":%d}' % n + end * 2 for n in range(3)]
    body = b"".join(events)
    recording = make_recording(*(body[i : i + 3] for i in range(0, len(body), 3)))
    pieces = {
        "drop": events[0] + events[2],
        "duplicate": events[0] + events[1] * 2 + events[2],
        "reorder": events[0] + events[2] + events[1],
        "malformed_json": body.replace(b'{"n":1}', b'{"n'),
        "truncate:after=2": events[0] + events[1],
        "keepalive:every_events=2": events[0] + events[1] + COMMENT + events[2],
    }
    for spec, expected in pieces.items():
        broken = broken_by(spec, recording)
        assert expected == b"".join(send.data for send in sends_of(broken)), spec


def test_no_keep_alive_comes_inside_an_event() -> None:
    """Half an event is out from 10 to 20 ms, and from 30 ms on: a comment would break it."""
    recording = make_recording(ONE[:9], ONE[9:], TWO[:8])
    expected = [(5, 200), (8, COMMENT), (10, ONE[:9]), (20, ONE[9:]), *((at, COMMENT) for at in
                (20, 23, 26, 29)), (30, TWO[:8]), (40, "finish")]  # fmt: skip
    assert expected == told(broken_by("keepalive:every_ms=3", recording))


def test_the_first_event_can_be_broken_behind_a_byte_order_mark() -> None:
    """Its line does not begin the body."""
    marked = make_recording(b"\xef\xbb\xbf" + TWO)
    broken = broken_by("malformed_json:after=0,kind=brace", marked)
    assert b'\xef\xbb\xbfdata: {"b":2\n\n' == sends_of(broken)[0].data


def test_json_in_several_lines_is_passed_over() -> None:
    """Half of its first line may still be JSON with the rest; the next object is broken instead."""
    recording = make_recording(b'data: {"n":\ndata: 1}\n\n', TWO)
    assert b'data: {"b\n\n' == sends_of(broken_by("malformed_json:after=0", recording))[1].data


@pytest.mark.parametrize("spec", ["error_event", "ping:every_ms=1"])
@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_gets_none(spec: str, status: int) -> None:
    """It would be read as the beginning of the next response."""
    recording = make_recording(status=status)
    assert schedule(recording) == broken_by(spec, recording)


def test_faults_combine_in_their_order() -> None:
    """Each sees what the one before it made."""
    broken = schedule(STREAM)
    for each in parse_faults("crlf; slice:at=crlf,gap_ms=0; truncate:after=1"):
        broken = break_schedule(broken, each)
    pieces = [ONE[:-2] + b"\r", b"\n\r", b"\n"]
    assert [(5, 200), *((10, piece) for piece in pieces), (10, "close")] == told(broken)


# Bodies that are no event stream, coded, or framed in another way.


LENGTH = (("Content-Type", "text/event-stream"), ("Content-Length", "47"))


@pytest.mark.parametrize("spec", [spec for spec in CASES if "after=9" not in spec])
def test_a_length_moves_with_the_body(spec: str) -> None:
    """What stays complete is as long as it says, and no other framing creeps in."""
    broken = broken_by(spec, make_recording(ONE, TWO, DONE, headers=LENGTH))
    length = sum(len(send.data) for send in sends_of(broken))
    if broken.framing == "chunked":
        assert parse_fault(spec).name in ("no_final_chunk", "bad_chunk_size")
        assert "Content-Length" not in headers_of(broken)
    elif isinstance(broken.actions[-1], Finish):
        assert str(length) == headers_of(broken)["Content-Length"]
    else:
        assert "47" == headers_of(broken)["Content-Length"]


def test_a_body_that_was_too_short_stays_too_short() -> None:
    """The recording's own end is part of what is replayed."""
    headers = (("Content-Type", "text/event-stream"), ("Content-Length", "100"))
    cut = make_recording(ONE, headers=headers, reason="truncated")
    assert "103" == headers_of(broken_by("bom", cut))["Content-Length"]


CONTENT = ("malformed_json", "drop", "duplicate", "reorder", "no_done", "data_after_done",
           "error_event", "keepalive", "ping", "bom", "crlf", "cr")  # fmt: skip


@pytest.mark.parametrize("name", CONTENT)
@pytest.mark.parametrize(
    "headers",
    [
        (("Content-Type", "application/json"),),
        (("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip")),
    ],
    ids=["json", "coded"],
)
def test_what_has_no_events_is_left_alone(name: str, headers: tuple[tuple[str, str], ...]) -> None:
    """Faults in events need events."""
    recording = make_recording(ONE, TWO, DONE, headers=headers)
    assert schedule(recording) == broken_by(name, recording)


def test_where_there_are_no_events_pieces_count() -> None:
    """`after=2` of a JSON body is after two reads."""
    headers = (("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
    recording = make_recording(b"[1,", b"2,", b"3]", headers=headers)
    assert [b"[1,", b"2,"] == [s.data for s in sends_of(broken_by("truncate:after=2", recording))]
    assert [b"[1,2,", b"3]"] == [s.data for s in sends_of(broken_by("merge", recording))]


# Any recording, any fault.

FRAGMENTS = (b"data: ", b'{"a":"\xc3\xa9"}', b"\n", b"\r\n", b"\r", b"\n\n", b": c", b"event: x",
             b"[DONE]", b"\xff", b"{}", DONE, TWO)  # fmt: skip
bodies = st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=6).map(b"".join), max_size=8)
heads = st.sampled_from(
    [
        (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")),
        (("Content-Type", "text/event-stream"),),
        (("Content-Type", "application/json"),),
        (("Content-Type", "text/event-stream"), ("Content-Encoding", "br")),
        (),
    ]
)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    pieces, headers = draw(bodies), draw(heads)
    if draw(st.booleans()):
        length = sum(map(len, pieces)) + draw(st.integers(0, 3))
        headers = (*headers, ("Content-Length", str(length)))
    recording = make_recording(
        *pieces,
        gap_ns=draw(st.integers(0, 100 * MS)),
        reason=draw(st.sampled_from(END_REASONS)),
        status=draw(st.sampled_from([200, 200, 204, 500])),
        headers=headers,
    )
    return (
        replace(recording, response=None, reads=()) if draw(st.integers(0, 9)) == 9 else recording
    )


@st.composite
def faults(draw: st.DrawFn, *names: str) -> Fault:
    kind = KINDS[draw(st.sampled_from(names or tuple(KINDS)))]
    given: dict[str, Any] = {}
    for option in (*kind.options, *COMMON_OPTIONS):
        is_rival = option.name in kind.rivals and set(kind.rivals) & set(given)
        if is_rival or not draw(st.booleans()):
            continue
        if option.number is None:
            values: st.SearchStrategy[Any] = st.sampled_from(option.choices or ("text/x; y", "é"))
        else:
            least, most = option.number.least, min(option.number.most, 1000)
            numbers = st.integers if option.is_whole else st.floats
            values = numbers(int(least), int(most))
        given[option.name] = draw(values)
    return fault(kind.name, **given)


@given(recordings(), faults(), st.integers(0, 5))
def test_any_recording_stays_a_schedule(recording: Recording, each: Fault, draw: int) -> None:
    """A head first, one end last, times that never decrease; twice the same; and it can be sent."""
    before = schedule(recording)
    broken = break_schedule(before, each, draw=draw)
    *rest, last = broken.actions
    assert isinstance(last, Finish | Close | Reset | Spoil | Hang)
    heads = [action for action in rest if isinstance(action, SendHead)]
    assert heads == rest[: len(heads)]
    assert len(heads) <= 1
    assert all(not isinstance(a, Finish | Close | Reset | Spoil | Hang) for a in rest)
    times = [action.at_ns for action in broken.actions]
    assert sorted(times) == times
    assert broken == break_schedule(before, each, draw=draw)
    for version in ("1.0", "1.1"):
        script(broken, http_version=version)


@given(recordings(), faults())
def test_a_complete_length_stays_complete(recording: Recording, each: Fault) -> None:
    """A body as long as promised, whose end no fault has broken, is as long as promised."""
    before = schedule(recording)
    is_whole = script(before, http_version="1.1").can_keep_alive
    broken = break_schedule(before, each)
    if is_whole and isinstance(broken.actions[-1], Finish):
        assert script(broken, http_version="1.1").can_keep_alive


@given(
    recordings(),
    faults("latency", "jitter", "bandwidth", "stall", "slice", "merge", "slow_close",
           "no_final_chunk"),
)  # fmt: skip
def test_what_only_cuts_and_waits_keeps_the_bytes(recording: Recording, each: Fault) -> None:
    """Not a byte more or less; and nothing leaves earlier than it would have."""
    broken = break_schedule(schedule(recording), each)
    assert recording.body == b"".join(send.data for send in sends_of(broken))
    assert recording.end is not None
    assert broken.actions[-1].at_ns >= recording.end.at_ns


@given(recordings(), faults("hang", "truncate", "reset", "bad_chunk_size"))
def test_what_ends_early_sends_a_beginning(recording: Recording, each: Fault) -> None:
    """Of whole events, where there are events enough."""
    broken = break_schedule(schedule(recording), each)
    sent = b"".join(send.data for send in sends_of(broken))
    assert recording.body.startswith(sent)
    after = int(dict(each.options).get("after", 1))
    events = stream_events(schedule(recording))
    if events is not None and after < len(events):
        assert after == len(data_of(sent))


@given(recordings(), faults("keepalive", "ping", "bom", "crlf", "cr"))
def test_legal_oddities_change_no_event(recording: Recording, each: Fault) -> None:
    """A decoder that knows the standard reads the same, but for the pings."""
    events = stream_events(schedule(recording))
    if events is None:
        return
    broken = b"".join(s.data for s in sends_of(break_schedule(schedule(recording), each)))
    assert [event.data for event in events] == data_of(broken)


def data_of(body: bytes) -> list[str]:
    return [e.data for e in decode(body) if isinstance(e, Event) and e.type != "ping"]


@given(st.integers(0, 100), st.integers(0, 100))
def test_jitter_is_drawn_from_seed_and_draw(seed: int, draw: int) -> None:
    """Each piece late by up to so much; another answer by other amounts."""
    recording = make_recording(*[b"x"] * 20, gap_ns=100 * MS)
    spec = f"jitter:ms=50,seed={seed}"
    late = [
        send.at_ns - read.at_ns
        for send, read in zip(
            sends_of(broken_by(spec, recording, draw)), recording.reads, strict=True
        )
    ]
    assert 0 <= min(late) < max(late) <= 50 * MS
    assert broken_by(spec, recording, draw) != broken_by(spec, recording, draw + 1)
    assert broken_by(spec, recording, draw) != broken_by(f"{spec}1", recording, draw)


def test_random_slices_are_drawn_from_seed_and_draw() -> None:
    """1 to 64 bytes each."""
    recording = make_recording(b"x" * 2000)
    sizes = [len(s.data) for s in sends_of(broken_by("slice:at=random", recording))]
    assert all(1 <= size <= 64 for size in sizes)
    assert len(set(sizes)) > 10
    assert sizes != [len(s.data) for s in sends_of(broken_by("slice:at=random", recording, 1))]


def test_times_that_decrease_are_put_in_order() -> None:
    """As a cassette written by hand may have them."""
    odd = replace(STREAM, reads=(Read(at_ns=50, data=ONE), Read(at_ns=20, data=TWO)))
    assert [5 * MS, 5 * MS, 5 * MS] == [a.at_ns for a in broken_by("bom", odd).actions[:3]]


def test_probability_is_a_share() -> None:
    """0 never, 1 always, and between them by the seed."""
    assert not any(strikes(fault("hang", probability=0), n) for n in range(50))
    assert all(strikes(fault("hang"), n) for n in range(50))
    half = [strikes(fault("hang", probability=0.5), n) for n in range(1000)]
    assert 450 < sum(half) < 550
    assert half != [strikes(fault("hang", probability=0.5, seed=1), n) for n in range(1000)]


# Specs.


@given(faults())
def test_a_fault_is_what_its_spec_says(each: Fault) -> None:
    """`str` and `parse_fault` are each other's inverse."""
    assert each == parse_fault(str(each))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_examples_are_specs(kind: Any) -> None:
    """What the docs show can be typed; each fault says what it does."""
    assert kind.example == str(parse_fault(kind.example))
    assert kind.text.endswith(".")


def test_a_spec_may_have_spaces_and_common_options() -> None:
    """`times`, `probability`, `seed` and `on` are for all."""
    parsed = parse_fault(" stall : ms = 5 , after=2,on=sky, times=1,probability=.5,seed=3 ")
    assert Fault(
        name="stall",
        options=(("after", 2), ("ms", 5)),
        times=1,
        probability=0.5,
        seed=3,
        on="sky",
    ) == parsed  # fmt: skip
    assert "stall:after=2,ms=5,times=1,probability=0.5,seed=3,on=sky" == str(parsed)
    assert parsed == fault("stall", after=2, ms=5, times=1, probability=0.5, seed=3, on="sky")
    assert (fault("bom"), fault("cr")) == parse_faults("bom; cr;")


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("", "no fault ''", "there are latency, jitter,"),
        ("stal:ms=1", "no fault 'stal'", "there are latency, jitter,"),
        ("stall:mss=1", "stall has no option 'mss'", "takes after, ms, times, probability"),
        ("stall:ms", "'ms' has no value", "as in stall:after=3,ms=500"),
        ("stall:ms=1,ms=2", "'ms' is given twice", "as in stall"),
        ("stall:ms=x", "ms must be a number of ms from 0 to 3600000, not 'x'", "stall:after=3"),
        ("stall:ms=nan", "not 'nan'", "stall:after=3"),
        ("stall:ms=inf", "not 'inf'", "stall:after=3"),
        ("stall:ms=-1", "from 0 to", "stall:after=3"),
        ("stall:after=1.5", "after must be a whole number of events", "stall:after=3"),
        ("stall:times=0", "times must be a whole number of answers from 1", "stall:after=3"),
        ("stall:probability=2", "probability must be a number from 0 to 1", "stall:after=3"),
        ("slice:at=half", "at must be one of every_byte, utf8, crlf, random", "slice:at=utf8"),
        ("slice:at=utf8,bytes=3", "give bytes or at, not both", "slice:at=utf8"),
        ("http_error:status=200", "from 400 to 599", "http_error:status=429"),
        ("content_type:value=a\r\nb: c", "text in one line", "content_type:value"),
        ("content_type:value=", "text in one line", "content_type:value"),
    ],
)
def test_what_is_no_spec(spec: str, message: str, hint: str) -> None:
    """What is wrong, and what there is."""
    with pytest.raises(InputError) as caught:
        parse_fault(spec)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("value", [True, None, b"1", [1], 10**400, "1,2", " x"])
def test_what_is_no_value(value: Any) -> None:
    """From a program any type may come."""
    with pytest.raises(InputError, match="must be"):
        fault("stall", ms=value)
    if value != "1" and not isinstance(value, str):
        with pytest.raises(InputError, match="must be text"):
            fault("content_type", value=value)


# What streamlab itself says of broken streams.

CHAT = make_recording(*(chat_event(c) for c in "abcd"), FINISH, DONE, gap_ns=100 * MS)
_REASONS = {Finish: "complete", Close: "truncated", Reset: "reset", Hang: "timeout"}


def replayed(spec: str) -> Recording:
    """As a recorder would find it that gets each piece as a read."""
    broken = broken_by(spec, CHAT)
    head, last = broken.actions[0], broken.actions[-1]
    assert isinstance(head, SendHead)
    reason: Any = _REASONS.get(type(last), "protocol_error")  # type: ignore[arg-type]
    return replace(
        CHAT,
        response=Response(status=head.status, headers=head.headers, at_ns=head.at_ns),
        reads=tuple(Read(at_ns=s.at_ns, data=s.data) for s in sends_of(broken)),
        end=End(at_ns=last.at_ns, reason=reason),
    )


def analysis_of(spec: str) -> Analysis:
    return analyze(replayed(spec))


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("malformed_json", "SL306"),
        ("malformed_json:kind=quote", "SL301"),
        ("malformed_json:kind=brace", "SL306"),
        ("bom", "SL201"),
        ("gzip_truncated", "SL108"),
        ("truncate", "SL101"),
        ("reset", "SL104"),
        ("bad_chunk_size", "SL105"),
        ("no_final_chunk", "SL101"),
        ("html", "SL106"),
        ("http_error", "SL109"),
        ("error_event", "SL412"),
        ("no_done", "SL401"),
        ("data_after_done", "SL402"),
        ("cr", "SL204"),
        ("keepalive:every_events=1", "SL217"),
        ("ping:every_events=1", "SL424"),
        ("stall:ms=900", "SL503"),
    ],
)
def test_a_finding_names_what_was_broken(spec: str, code: str) -> None:
    """The fault, and not the stream without it."""
    assert code in {each.code for each in find(replayed(spec))}
    assert code not in {each.code for each in find(replayed("latency"))}


def test_what_is_malformed_costs_no_more_than_itself() -> None:
    """The rest of the stream is read all the same."""
    assert "acd" == analysis_of("malformed_json:kind=quote").text
    assert "abcd" == analysis_of("bom").text


def test_the_analysis_shows_the_others_too() -> None:
    """Errors, ends, silences, lost and doubled events, comments."""
    assert "abcd" == analysis_of("latency").text
    assert analysis_of("error_event").errors == ("streamlab was asked to break this answer",)
    assert analysis_of("http_error").errors == ("streamlab was asked to break this answer",)
    assert [400 * MS] == [s.stop_ns - s.start_ns for s in
                          analyze_stalls("stall:ms=300", 300 * MS)]  # fmt: skip
    assert not analysis_of("no_done").has_end_marker
    texts = {"drop": "acd", "duplicate": "abbcd", "reorder": "acbd"}
    for spec, text in texts.items():
        assert text == analysis_of(spec).text
    assert 6 == analysis_of("keepalive").comments
    assert ["message", "ping"] == [count.type for count in analysis_of("ping").event_types]
    assert 0 == analysis_of("html").events
    assert ["truncated", "reset", "timeout"] == [
        end.reason for s in ("truncate", "reset", "hang") if (end := analysis_of(s).end)
    ]


def analyze_stalls(spec: str, stall_ns: int) -> Any:
    broken = broken_by(spec, CHAT)
    reads = tuple(Read(at_ns=s.at_ns, data=s.data) for s in sends_of(broken))
    return analyze(replace(CHAT, reads=reads), stall_ns=stall_ns).stalls
