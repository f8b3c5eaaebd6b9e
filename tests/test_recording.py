"""The builder: ordered times, one end, no credentials."""

from streamlab.recording import Header, RecordingBuilder, Request, header_value

KEY = "sk-0123456789abcdef"


def builder(headers: tuple[Header, ...] = ()) -> RecordingBuilder:
    request = Request(method="GET", url=f"https://a.example/?api_key={KEY}", headers=headers)
    return RecordingBuilder(id="1", request=request)


def test_times_never_decrease() -> None:
    """A time that would run backwards is lifted to the one before it."""
    built = builder()
    built.mark("connected", 5)
    built.respond(10, 200, ())
    built.read(30, b"a")
    built.read(20, b"b")
    built.finish(25, "complete")
    recording = built.build()
    assert [30, 30] == [read.at_ns for read in recording.reads]
    assert recording.end is not None
    assert 30 == recording.end.at_ns


def test_the_first_end_counts() -> None:
    """What comes after an end is a consequence of it."""
    built = builder()
    built.finish(10, "reset", "RST")
    built.finish(20, "complete")
    end = built.build().end
    assert end is not None
    assert ("reset", "RST", 10) == (end.reason, end.detail, end.at_ns)


def test_nothing_that_is_built_holds_a_credential() -> None:
    """Headers of both sides, the URL and the end's detail are redacted as they come in."""
    built = builder((("Authorization", f"Bearer {KEY}"), ("x-api-key", KEY)))
    built.respond(1, 200, (("Set-Cookie", f"session={KEY}"),))
    built.finish(2, "reset", f"refused {KEY}")
    assert KEY not in repr(built.build())
    assert KEY not in repr(built)


def test_header_value_ignores_case_and_takes_the_first() -> None:
    """Header names are case-insensitive (RFC 9110, 5.1)."""
    headers = (("A", "1"), ("CONTENT-type", "x"), ("Content-Type", "y"))
    assert "x" == header_value(headers, "content-type")
    assert header_value(headers, "b") is None
