"""Foreign files: bodies to the byte, times only where the file has them, no credential gets in."""

import json
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.errors import InputError, StreamlabError
from streamlab.interop import read_foreign
from streamlab.interop.bodies import AWS_EVENTS, EVENT_STREAM, JSON, KINDS, NDJSON
from streamlab.interop.har import read_har
from streamlab.interop.raw_body import read_raw_body, read_with_head, recognise_body
from streamlab.interop.vcr import read_vcr
from streamlab.pace import is_untimed
from streamlab.recording import Recording, Request
from streamlab.replay import serve
from streamlab.sse import Event, decode
from tests.conftest import DONE, chat_event
from tests.corpus import CORPUS, needs_corpus

DATA = Path(__file__).parent / "data/interop"
MS = 1_000_000


def pieces(recording: Recording) -> list[bytes]:
    return [read.data for read in recording.reads]


def aws_message(payload: bytes) -> bytes:
    """A message without headers."""
    prelude = (16 + len(payload)).to_bytes(4) + bytes(4)
    start = prelude + zlib.crc32(prelude).to_bytes(4) + payload
    return start + zlib.crc32(start).to_bytes(4)


@given(st.binary() | st.text("data:\r\n {}\ufeff\x00", max_size=60).map(str.encode))
def test_any_bytes_survive(body: bytes) -> None:
    """Whatever kind it is taken for, the reads make up the body, and none is empty."""
    for kind in KINDS:
        (recording,) = read_raw_body(body, "x", kind)
        assert body == recording.body
        assert b"" not in pieces(recording)


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    """Never another exception than ours."""
    starts = (b"", b"HTTP/1.1 200 OK\r\n", b'{"log": {', b'{"version": 1, "interactions": [')
    for start in starts:
        with suppress(InputError):
            read_foreign(start + data, "x")


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (EVENT_STREAM, [b"data: a\n\n", b": ping\n\n", b"event: x\ndata: b\ndata: c\n\n"]),
        (EVENT_STREAM, [b"\xef\xbb\xbfdata: a\r\n\r\n", b"data: \xff\r\n\r\n\r\n", b"data: cut"]),
        (EVENT_STREAM, [b"data: a\r\r", b"data: b\r\r"]),
        (EVENT_STREAM, [b"event: x\r\ndata: a\r\n\r\n", b"data: b\r\n"]),
        (EVENT_STREAM, [b"\n\n", b"id\n\n", b"data\n\n"]),
        (NDJSON, [b'{"a": 1}\n', b'{"a": 2}\r\n\r\n', b'{"a"']),
        (AWS_EVENTS, [aws_message(b"a"), aws_message(b""), aws_message(b"cut")[:-1]]),
        (AWS_EVENTS, [aws_message(b"a"), b"\0" * 30]),
        (JSON, [b'[{"a": 1},\n {"a": 2}]']),
    ],
)
def test_a_body_is_recognised_and_cut_where_a_server_flushes(kind, parts: list[bytes]) -> None:
    """A block of an event stream, a line, a message; what is broken or not known stays whole."""
    body = b"".join(parts)
    assert kind == recognise_body(body, "x")
    (recording,) = read_raw_body(body, "x", kind)
    assert parts == pieces(recording)
    assert ("Content-Type", kind.media_type) in recording.response.headers  # type: ignore[union-attr]
    assert {0} == {read.at_ns for read in recording.reads}
    assert (True, f"import:{kind.name}") == (is_untimed(recording), recording.source)


def test_the_name_decides_where_the_content_does_not() -> None:
    """An event stream may begin with anything; what is nothing known is refused."""
    assert EVENT_STREAM == recognise_body(b"hello\n\ndata: x\n\n", "x.SSE")
    for data, problem in ((b"hello", "nothing that can be imported"), (b"", "is empty")):
        with pytest.raises(InputError, match=problem):
            read_foreign(data, "x.txt")


def test_the_same_file_gives_the_same_id() -> None:
    """So importing it twice adds it once; another body or name gives another id."""
    first, again = (read_foreign(b"data: a\n\n", "a.sse").recordings[0] for _ in range(2))
    assert first == again
    others = [("a.sse", b"data: b\n\n"), ("b.sse", b"data: a\n\n")]
    ids = {read_foreign(data, name).recordings[0].id for name, data in others}
    assert 3 == len({first.id, *ids})


def test_a_body_gets_the_route_that_its_clients_ask_for() -> None:
    """Chat completions by their dialect, others by the file's name, all by what one says."""
    (chat,) = read_foreign(chat_event("hi") + DONE, "x.sse").recordings
    assert "http://imported.invalid/v1/chat/completions" == chat.request.url
    (other,) = read_foreign(b'{"a": 1}\n', "my file.ndjson").recordings
    assert ("POST", "http://imported.invalid/my%20file") == (
        other.request.method,
        other.request.url,
    )
    said = Request(method="GET", url="https://a.example/x")
    (told,) = read_foreign(b"data: a\n\n", "x.sse", request=said).recordings
    assert said == told.request


def test_output_of_curl_with_heads() -> None:
    """The last head is the response's; those before it are a proxy's, 100 Continue, redirects."""
    heads = (
        b"HTTP/1.1 200 Connection established\r\n\r\n"
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /y\r\n\r\n"
        b"HTTP/2 200 \r\ncontent-type: text/event-stream\r\nset-cookie: a=secret\r\n"
        b"x-twice: 1\r\nx-twice: 2\r\n\r\n"
    )
    imported = read_foreign(heads + b"data: a\r\n\r\ndata: \xff\r\n\r\n", "x.txt")
    (recording,) = imported.recordings
    assert "a response with its head" == imported.taken_for
    assert [b"data: a\r\n\r\n", b"data: \xff\r\n\r\n"] == pieces(recording)
    response = recording.response
    assert response is not None
    assert (200, "HTTP/2") == (response.status, response.http_version)
    assert (
        ("content-type", "text/event-stream"),
        ("set-cookie", "[redacted]"),
        ("x-twice", "1"),
        ("x-twice", "2"),
    ) == response.headers


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_response_without_headers(end: bytes) -> None:
    """A status line and an empty line; the body is recognised."""
    (recording,) = read_with_head(b"HTTP/1.0 500 Oh no" + end * 2 + b'{"a":1}\n{}', "x")
    assert [b'{"a":1}\n', b"{}"] == pieces(recording)
    assert (500, "HTTP/1.0", ()) == (
        recording.response.status,  # type: ignore[union-attr]
        recording.response.http_version,  # type: ignore[union-attr]
        recording.response.headers,  # type: ignore[union-attr]
    )


def test_a_body_shorter_than_promised_was_cut() -> None:
    """Content-Length says so."""
    (recording,) = read_with_head(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata: a", "x")
    assert recording.end is not None
    assert ("truncated", "7 of 9 bytes") == (recording.end.reason, recording.end.detail)


def test_a_decoded_body_loses_the_headers_of_its_coding() -> None:
    """`curl --compressed -i` prints them all the same; a body that is coded keeps them."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/event-stream\r\n\r\n"
    (plain,) = read_with_head(head + b"data: a\n\ndata: b\n\n", "x")
    assert (("Content-Type", "text/event-stream"),) == plain.response.headers  # type: ignore[union-attr]
    assert 2 == len(plain.reads)
    (coded,) = read_with_head(head + b"\x1f\x8b a\n\nb", "x")
    assert 2 == len(coded.response.headers)  # type: ignore[union-attr]
    assert 1 == len(coded.reads)


def test_chrome_har_times_every_event() -> None:
    """Without a body the events are written anew, at Chrome's times; only streams are taken."""
    first, second = read_har((DATA / "chrome.har").read_bytes(), "chrome.har")
    assert [
        b"data: first\ndata: second line\n\n",
        b'event: tick\nid: 7\ndata: {"n":1}\n\n',
        b'event: tick\ndata: {"n":2}\n\n',
    ] == pieces(first)
    assert [250 * MS, 375 * MS, 500 * MS] == [round(read.at_ns, -5) for read in first.reads]
    assert ["7", "7"] == [e.id for e in decode(first.body) if isinstance(e, Event) and e.id]
    assert {"connected": 40 * MS, "tls": 60 * MS, "request_sent": 61 * MS} == {
        mark.name: mark.at_ns for mark in first.marks
    }
    assert first.response is not None
    assert first.end is not None
    assert (200 * MS, "HTTP/2") == (first.response.at_ns, first.response.http_version)
    assert (1000 * MS, "client_closed") == (first.end.at_ns, first.end.reason)
    assert ("2026-03-01T10:00:01.000Z", "import:har") == (first.started_at, first.source)
    assert (False, True) == (is_untimed(first), is_untimed(second))
    assert ["accept", "cookie"] == [name for name, _ in first.request.headers]


def test_har_without_event_times_has_those_of_head_and_end() -> None:
    """The pieces come with the head; what is known of the end stays."""
    _, recording = read_har((DATA / "chrome.har").read_bytes(), "chrome.har")
    assert [100_250_000] * 3 == [read.at_ns for read in recording.reads]
    assert recording.response is not None
    assert recording.end is not None
    assert (100_250_000, 300 * MS) == (recording.response.at_ns, recording.end.at_ns)
    assert "2026-03-01T10:00:02.000Z" == recording.started_at
    assert b'{"model":"m","stream":true}' == recording.request.body
    assert ["content-type"] == [name for name, _ in recording.response.headers]


def test_firefox_har_keeps_bytes_in_base64() -> None:
    """A body that is not text."""
    (recording,) = read_har((DATA / "firefox.har").read_bytes(), "firefox.har")
    assert [b"data: \xff\r\n\r\n", b": end\r\n\r\n"] == pieces(recording)
    assert "HTTP/2" == recording.response.http_version  # type: ignore[union-attr]


def test_har_all_takes_every_entry() -> None:
    """--all: pages and pictures, too."""
    recordings = read_har((DATA / "chrome.har").read_bytes(), "chrome.har", every=True)
    assert [b"<html></html>"] == pieces(recordings[0])
    assert 3 == len({recording.id for recording in recordings})


def chrome_entry(**changes: object) -> dict:
    """An entry of three lines whose events Chrome timed."""
    entry = {
        "startedDateTime": "1970-01-01T00:00:01Z",
        "timings": {"blocked": 0, "send": 0, "wait": 100, "receive": 900},
        "request": {"method": "GET", "url": "https://a.example/x", "headers": []},
        "response": {
            "status": 200,
            "headers": [],
            "content": {"text": ": hi\n\ndata: a\r\n\r\nid: 1\ndata: b\n\n: bye\n\n"},
        },
        "_eventSourceMessages": [{"time": 1.5, "data": "a"}, {"time": 1.75, "data": "b"}],
    }
    return {**entry, **changes}


def har(*entries: object) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def test_har_with_body_and_event_times_keeps_the_bodys_bytes() -> None:
    """Comments, ids and line ends are evidence; the times tell where to cut."""
    (recording,) = read_har(har(chrome_entry()), "x")
    assert [b": hi\n\ndata: a\r\n\r\n", b"id: 1\ndata: b\n\n: bye\n\n"] == pieces(recording)
    assert [500 * MS, 750 * MS] == [read.at_ns for read in recording.reads]
    other = chrome_entry(_eventSourceMessages=[{"time": 1.5, "data": "c"}])
    assert [b"data: c\n\n"] == pieces(read_har(har(other), "x")[0])


def test_har_that_lost_a_body_says_so() -> None:
    """What came after the head is not known: not an empty stream that ended well."""
    entry = chrome_entry(**response(content={"mimeType": "text/event-stream", "size": 9}))
    del entry["_eventSourceMessages"]
    (recording,) = read_har(har(entry), "x")
    assert recording.end is not None
    assert ("recorder_died", ()) == (recording.end.reason, recording.reads)
    assert "no body" in recording.end.detail


def test_har_times_beyond_all_bounds() -> None:
    """Before the request, after the end of time: stored all the same."""
    messages = [{"time": time, "data": "x"} for time in (-1e300, 2, 1e300)]
    (recording,) = read_har(har(chrome_entry(_eventSourceMessages=messages)), "x")
    assert [100 * MS, 1000 * MS, 10**18] == [read.at_ns for read in recording.reads]


def response(**fields: object) -> dict:
    return {"response": {"status": 200, "headers": [], **fields}}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"_error": "net::ERR_ABORTED"}, "client_closed"),
        ({"_error": "net::ERR_CONNECTION_RESET"}, "reset"),
        ({"_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING"}, "truncated"),
        ({"status": 0}, "truncated"),
        ({"content": {"text": "", "size": 0}}, "complete"),
        ({}, "complete"),
    ],
)
def test_har_endings(said: dict, reason: str) -> None:
    """Chrome's word for what went wrong."""
    (recording,) = read_har(har(chrome_entry(**response(**said))), "x")
    assert recording.end is not None
    assert reason == recording.end.reason
    assert (said.get("status") == 0) == (recording.response is None)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"{", "x: not JSON"),
        (b"[" * 100_000, "x: not JSON"),
        (b"[]", "x: an object was expected"),
        (b'{"log": 1}', "x: log must be an object"),
        (b'{"log": {"entries": {}}}', "x: log: entries must be a list"),
        (har(1), "x: log: entries[0]: an object was expected"),
        (har(), "x: none of 0 entries is a stream"),
        (har({"request": {}}), "x: none of 1 entries is a stream"),
        (har(chrome_entry(request={})), "entries[0]: request: method must be a string"),
        (har(chrome_entry(timings={"wait": "1"})), "timings: wait must be a number"),
        (har(chrome_entry(timings={"wait": float("nan")})), "timings: wait must be a number"),
        (har(chrome_entry(startedDateTime="now")), "startedDateTime 'now' is no time"),
        (har(chrome_entry(**response(status=99))), "status 99 is no HTTP status"),
        (
            har(chrome_entry(**response(content={"encoding": "base64", "text": "?"}))),
            "content: text is not base64",
        ),
        (
            har(chrome_entry(_eventSourceMessages=[{"time": 1, "eventName": "a\nb"}])),
            "_eventSourceMessages[0]: no event stream can hold it",
        ),
        (har(chrome_entry(timings={"wait": 10**400})), "timings: wait must be a number"),
        (har(chrome_entry(startedDateTime="0001-01-01T00:00+10:00")), "is no time"),
    ],
)
def test_a_broken_har_is_refused_with_the_place(data: bytes, place: str) -> None:
    """Which entry, which field."""
    with pytest.raises(InputError) as caught:
        read_har(data, "x")
    assert place in caught.value.message
    assert caught.value.hint


def test_vcr_yaml() -> None:
    """Streams only, text as UTF-8, binary to the byte; headers of several values stay several."""
    chat, raw = read_vcr((DATA / "vcr.yaml").read_bytes(), "vcr.yaml")
    assert ['data: {"a": "hé"}\n\n'.encode(), DONE] == pieces(chat)
    assert b'{"model":"m","stream":true}' == chat.request.body
    assert [b"data: \xff\r\n\r\n"] == pieces(raw)
    assert b"" == raw.request.body
    assert is_untimed(chat)
    assert ("import:vcr", "vcr") == (chat.source, chat.name)
    assert 2 == sum(name == "Set-Cookie" for name, _ in chat.response.headers)  # type: ignore[union-attr]
    assert 3 == len(read_vcr((DATA / "vcr.yaml").read_bytes(), "vcr.yaml", every=True))


def test_vcr_json() -> None:
    """The other way to write them."""
    lines, raw = read_vcr((DATA / "vcr.json").read_bytes(), "vcr.json")
    assert [b'{"a":1}\n', b'{"a":2}\n'] == pieces(lines)
    assert [b"data: \xfe\n\n"] == pieces(raw)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("interactions: [", "not YAML"),
        ("interactions: 1", "interactions must be a list"),
        ("interactions: !!python/object:os.system {}", "x:1: not YAML"),
        ("interactions: []\nversion: 2", "only version 1"),
        ("interactions: []\nversion: \x07", "x: not YAML"),
        ("interactions: []", "none of 0 interactions is a stream"),
        (
            "interactions:\n- request: {method: GET, uri: a}\n"
            "  response: {headers: {content-type: text/event-stream}}",
            "interactions[0]: response: status.code must be there",
        ),
        (
            "interactions:\n- request: {method: GET, uri: a}\n"
            "  response: {headers: {1: text/event-stream}}",
            "headers: '1' must be a string",
        ),
        ('{"version": 1, "interactions": [}', "x: not JSON"),
    ],
)
def test_a_broken_vcr_cassette_is_refused_with_the_place(text: str, place: str) -> None:
    """Which interaction, which field, which line."""
    with pytest.raises(InputError) as caught:
        read_vcr(text.encode(), "x")
    assert place in caught.value.message
    assert caught.value.hint


def test_yaml_without_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(StreamlabError) as caught:
        read_vcr(b"interactions: []", "x.yaml")
    assert "pip install 'streamlab-toolkit[vcr]'" == caught.value.hint
    assert 2 == len(read_vcr((DATA / "vcr.json").read_bytes(), "vcr.json"))


@pytest.mark.parametrize("name", ["chrome.har", "firefox.har", "vcr.yaml", "vcr.json"])
def test_no_credential_gets_in(name: str) -> None:
    """Headers, cookies and URLs go through the same redaction as everywhere."""
    data = (DATA / name).read_bytes()
    imported = read_foreign(data, name, every=True)
    assert "secret-" not in repr(imported.recordings)
    assert imported.taken_for == ("a HAR" if name.endswith("har") else "a cassette of VCR.py")


def test_the_data_has_credentials_to_lose() -> None:
    """The test above would pass without."""
    assert b"secret-bearer" in (DATA / "chrome.har").read_bytes()
    assert b"secret-bearer" in (DATA / "vcr.yaml").read_bytes()


@needs_corpus
def test_every_body_of_the_corpus_comes_back_and_is_replayed() -> None:
    """Real streams of some fifty providers: the bytes are equal, and once more off the wire."""
    bodies = {file.name: file.read_bytes() for file in sorted((CORPUS / "streams").iterdir())}
    recordings = []
    for name, body in bodies.items():
        request = Request(method="GET", url=f"http://a/{name}")
        (recording,) = read_foreign(body, name, request=request).recordings
        assert body == recording.body, name
        recordings.append(recording)
    with serve(recordings, speed=0) as server, httpx.Client() as client:
        for name, body in bodies.items():
            assert body == client.get(f"{server.url}/{name}").content, name
