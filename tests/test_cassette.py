"""Cassettes: whatever was recorded is written and read back; a broken line is named."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.cassette import dumps, loads, read_cassette, write_cassette
from streamlab.errors import CassetteError
from streamlab.recording import END_REASONS, End, Mark, Read, Recording, Request, Response
from streamlab.redaction import redact_headers
from tests.conftest import make_recording

plain = st.text(st.characters(codec="utf-8"), max_size=20)
# What a cassette would redact does not come back as it was.
names = st.from_regex(r"[A-Za-z][A-Za-z-]{0,8}", fullmatch=True).filter(
    lambda name: redact_headers(((name, "value"),)) == ((name, "value"),)
)
headers = st.lists(st.tuples(names, st.just("value")), max_size=3).map(tuple)
times = st.integers(0, 10**15)
recordings = st.builds(
    Recording,
    id=plain,
    name=plain,
    source=plain,
    tags=st.lists(plain, max_size=2).map(tuple),
    started_at=plain,
    request=st.builds(
        Request,
        method=plain,
        url=st.just("https://a.example/x?y=1"),
        headers=headers,
        body=st.binary(max_size=30),
    ),
    response=st.none()
    | st.builds(
        Response, status=st.integers(100, 599), http_version=plain, headers=headers, at_ns=times
    ),
    marks=st.lists(st.builds(Mark, name=plain, at_ns=times), max_size=2, unique_by=lambda m: m.name)
    .map(tuple),
    reads=st.lists(st.builds(Read, at_ns=times, data=st.binary(max_size=30)), max_size=5).map(
        lambda reads: tuple(sorted(reads, key=lambda read: read.at_ns))
    ),
    end=st.builds(End, at_ns=st.just(10**15), reason=st.sampled_from(END_REASONS)),
)  # fmt: skip


@given(st.lists(recordings, min_size=1, max_size=3))
def test_round_trip(written: list[Recording]) -> None:
    """loads(dumps(x)) == x, and each line is one line for any reader."""
    text = dumps(written)
    assert written == loads(text)
    assert len(text.split("\n")) == len(text.splitlines()) + 1


def test_text_stays_readable_and_bytes_do_not_get_lost() -> None:
    """UTF-8 is written as text, other bytes as base64; what editors would not show is escaped."""
    recording = make_recording("data: héllo 🌊\u2028\x7f\n\n".encode(), b"\xff\xfe")
    first, second = dumps([recording]).split("\n")[1:3]
    assert '{"at_ns": 10000000, "text": "data: héllo 🌊\\u2028\\u007f\\n\\n"}' == first
    assert '{"at_ns": 20000000, "base64": "//4="}' == second


def test_without_an_end_the_recorder_died() -> None:
    """A cassette that was cut is read as far as it goes."""
    text = "\n".join(dumps([make_recording(b"a", b"b")]).split("\n")[:2])
    (recording,) = loads(text)
    assert recording.end is not None
    assert ("recorder_died", 10_000_000) == (recording.end.reason, recording.end.at_ns)
    assert (b"a",) == tuple(read.data for read in recording.reads)


def test_credentials_written_by_hand_are_redacted() -> None:
    """Who pastes a request into a cassette may forget to."""
    text = dumps([make_recording()])
    text = text.replace("https://api.example/", "https://api.example/?key=my-secret&x=")
    text = text.replace('["Content-Type", "application/json"]', '["Authorization", "my-secret"]')
    text = text.replace('["Transfer-Encoding", "chunked"]', '["Set-Cookie", "my-secret"]')
    assert 3 == text.count("my-secret")
    assert "my-secret" not in repr(loads(text))


HEADER = json.loads(dumps([make_recording()]).split("\n")[0])
READ = '{"at_ns": 5, "text": "x"}'
END = '{"at_ns": 9, "end": "complete"}'


def header(**changes: object) -> str:
    return json.dumps({**HEADER, **changes})


@pytest.mark.parametrize(
    ("lines", "place", "message"),
    [
        (["{oops"], 1, "not JSON"),
        (["[1]"], 1, "a JSON object was expected"),
        ([READ], 1, "starts with a header line"),
        ([header(streamlab=99)], 1, "format 99 is not known"),
        ([header(), "", "{oops"], 3, "not JSON"),
        ([header(), '{"at_ns": -1, "text": ""}'], 2, "at_ns must be a whole number"),
        ([header(), '{"at_ns": 1.5, "text": ""}'], 2, "at_ns must be a whole number"),
        ([header(), '{"at_ns": true, "text": ""}'], 2, "at_ns must be a whole number"),
        ([header(), READ, '{"at_ns": 4, "text": ""}'], 3, "goes back from 5 to 4"),
        ([header(), '{"at_ns": 1}'], 2, "text must be a string"),
        ([header(), '{"at_ns": 1, "base64": "?"}'], 2, "not base64"),
        ([header(), '{"at_ns": 1, "text": "\\ud800"}'], 2, "lone surrogate"),
        ([header(), '{"at_ns": 1, "end": "happily"}'], 2, "'happily' is none of complete"),
        ([header(), END, READ], 3, "after the end"),
        ([header(id=None)], 1, "id must be a string"),
        ([header(request=None)], 1, "request must be a JSON object"),
        ([header(tags="x")], 1, "tags must be a list"),
        ([header(response={"status": 99, "at_ns": 1})], 1, "no HTTP status"),
        ([header(request={"method": "GET", "url": "u", "headers": {"a": "b"}})], 1, "list of"),
        ([header(marks={"connected": "soon"})], 1, "connected must be a whole number"),
    ],
)
def test_a_broken_line_is_named(lines: list[str], place: int, message: str) -> None:
    """The file, the line, what is wrong, and where to read more."""
    with pytest.raises(CassetteError, match=message) as caught:
        loads("\n".join(lines), name="x.jsonl")
    assert caught.value.message.startswith(f"x.jsonl:{place}: ")
    assert "docs/cassette.md" in caught.value.hint


def test_files(tmp_path: Path) -> None:
    """Missing, unreadable, empty and unwritable files are errors with their path."""
    path = tmp_path / "x.jsonl"
    write_cassette(path, [make_recording(b"a")])
    assert [make_recording(b"a")] == read_cassette(path)
    for content in (b"\xff", b"", b"\n"):
        path.write_bytes(content)
        with pytest.raises(CassetteError, match=r"x\.jsonl"):
            read_cassette(path)
    with pytest.raises(CassetteError, match="No such file"):
        read_cassette(tmp_path / "none.jsonl")
    with pytest.raises(CassetteError, match="cannot write"):
        write_cassette(tmp_path / "none" / "x.jsonl", [])


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another exception than ours."""
    with suppress(CassetteError):
        assert isinstance(loads(text), list)


def test_a_missing_id_is_asked_for() -> None:
    """What an author of a cassette must give is small: an id, a request, reads."""
    minimal = {"streamlab": 1, "id": "1", "request": {"method": "GET", "url": "http://a/"}}
    (recording,) = loads(json.dumps(minimal) + "\n" + END)
    expected = Recording(id="1", request=Request(method="GET", url="http://a/"))
    assert replace(expected, end=End(at_ns=9, reason="complete")) == recording
