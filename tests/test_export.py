"""Exports, each read back by the tool it is for; what a format has words for comes back."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import requests
import vcr
from haralyzer import HarParser
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.cassette import dumps, read_cassette
from streamlab.content_coding import decoded_body
from streamlab.errors import InputError
from streamlab.interop.export import FORMATS, foreign_bytes
from streamlab.interop.har import read_har
from streamlab.interop.to_har import har_text
from streamlab.interop.vcr import read_vcr
from streamlab.recording import END_REASONS, UNTIMED, End, Mark, Read, Recording, Request, Response
from streamlab.store import Library
from streamlab.timeline import arrivals
from tests.cli_runner import fails_well, run
from tests.conftest import CASSETTES, DONE, FIXTURES, chat_event, make_recording
from tests.encoders import encoded

DETAIL = FIXTURES / "systems/fastgpt-detail.jsonl"
CHAT = make_recording(chat_event("Hel"), chat_event("lo"), DONE, name="chat")
SSE = ("Content-Type", "text/event-stream")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
events = st.builds("event: {}\nid: {}\ndata: {}\n\n".format, texts, texts, texts).map(str.encode)
pieces = st.lists(events | st.binary(max_size=12) | st.sampled_from([b": ping\n\n", b"\r\n", DONE]))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    """Small ones, whose times go on within an hour."""
    data = draw(pieces)
    times = sorted(draw(st.lists(st.integers(1, 3_600_000_000_000), min_size=4, max_size=4)))
    steps = sorted(
        draw(st.lists(st.integers(times[3], 3_600_000_000_000), min_size=len(data) + 1,
                      max_size=len(data) + 1))
    )  # fmt: skip
    return Recording(
        id="0123456789ab",
        started_at="2026-11-21T02:15:44.871Z",
        request=Request(
            method="POST",
            url="https://api.example/v1/chat/completions",
            headers=(("X-A", draw(values)), ("X-A", draw(values)), ("X-B", "")),
            body=draw(texts).encode(),
        ),
        response=Response(
            status=draw(st.sampled_from([200, 299, 404, 500])),
            headers=(SSE, ("X-B", draw(values))),
            at_ns=times[3],
        ),
        marks=tuple(map(_mark, ("connected", "tls", "request_sent"), times)),
        reads=tuple(Read(*each) for each in zip(steps, data, strict=False)),
        end=End(at_ns=steps[-1], reason=draw(st.sampled_from(END_REASONS))),
    )


def _mark(name: str, at_ns: int) -> Mark:
    return Mark(name=name, at_ns=at_ns)


@settings(max_examples=50)
@given(recordings())
def test_a_har_comes_back(recording: Recording) -> None:
    """Request, head, body and marks as they were; events when they came, to a microsecond."""
    (back,) = read_har(har_text([recording]).encode(), "x.har")
    assert recording.request == back.request
    assert recording.response == back.response
    assert recording.body == back.body
    assert recording.started_at == back.started_at
    came = [each for each in arrivals(recording) if type(each.item).__name__ == "Event"]
    again = [each for each in arrivals(back) if type(each.item).__name__ == "Event"]
    assert [each.item for each in came] == [each.item for each in again]
    assert all(abs(a.at_ns - b.at_ns) < 1000 for a, b in zip(came, again, strict=True))
    assert (not came and bool(recording.body)) == (UNTIMED in back.tags)
    assert recording.end is not None
    assert back.end is not None
    if recording.end.reason in {"complete", "reset", "client_closed", "truncated"}:
        assert recording.end.reason == back.end.reason
    assert abs(recording.end.at_ns - back.end.at_ns) < 1000
    phases = {mark.name: mark.at_ns for mark in back.marks}
    for mark in recording.marks:
        if mark.name != "tls" or recording.marks[0].at_ns < mark.at_ns:  # else it took no time
            assert abs(mark.at_ns - phases[mark.name]) <= 1


@settings(max_examples=30)
@given(st.lists(recordings(), min_size=1, max_size=3))
def test_a_vcr_cassette_comes_back(exported: list[Recording]) -> None:
    """Requests, heads and the bytes of bodies; no times."""
    back = read_vcr(foreign_bytes(exported, "vcr"), "x.yaml", every=True)
    assert [each.body for each in exported] == [each.body for each in back]
    for before, after in zip(exported, back, strict=True):
        assert before.request == after.request
        assert before.response is not None
        assert after.response is not None
        assert before.response.status == after.response.status
        assert before.response.headers == after.response.headers


@settings(max_examples=50)
@given(recordings())
def test_no_recording_is_too_odd(recording: Recording) -> None:
    """Whatever a stream says, each format takes it, and JSON stays JSON."""
    for form in FORMATS:
        data = foreign_bytes([recording], form)
        if form in {"har", "perfetto"}:
            json.loads(data)
        elif form in {"otlp", "aiperf"}:
            assert all(json.loads(line) for line in data.decode().splitlines())


def test_half_a_surrogate_pair_is_no_end() -> None:
    """JSON may hold one, UTF-8 cannot."""
    odd = make_recording(chat_event("\\ud83d"), body=b'{"model": "\\ud83d", "id": "\\udc00"}')
    odd = replace(odd, name="\ud83d", request=replace(odd.request, url="https://a.example/\udc00"))
    for form in FORMATS:
        foreign_bytes([odd], form).decode()


def test_haralyzer_reads_a_har() -> None:
    """Entries, timings, headers and content as its users ask for them."""
    har = HarParser(json.loads(foreign_bytes([CHAT, *read_cassette(DETAIL)], "har")))
    (page,) = har.pages
    chat, detail = page.entries
    assert CHAT.body.decode() == chat.response.text
    assert ("POST", 200) == (chat.request.method, chat.status)
    assert "text/event-stream" == chat.response.mimeType
    assert {"wait": 5, "receive": 35} == {
        phase: chat.timings[phase] for phase in ("wait", "receive")
    }
    messages = chat.raw_entry["_eventSourceMessages"]
    assert ["message"] * 3 == [message["eventName"] for message in messages]
    assert detail.response.text == read_cassette(DETAIL)[0].body.decode()


def test_a_har_of_an_encoded_stream_holds_the_text() -> None:
    """As browsers save it: decoded, and import drops the coding that is no longer true."""
    body = b"".join(encoded("gzip", [chat_event("hi") + DONE]))
    headers = (SSE, ("Content-Encoding", "gzip"))
    text = har_text([make_recording(body, headers=headers)])
    content = json.loads(text)["log"]["entries"][0]["response"]["content"]
    assert (chat_event("hi") + DONE).decode() == content["text"]
    (back,) = read_har(text.encode(), "x.har")
    assert chat_event("hi") + DONE == back.body
    assert back.response is not None
    assert (SSE,) == back.response.headers


def test_a_har_without_times_has_none() -> None:
    """Made-up times would be imported as measured ones."""
    untimed = replace(CHAT, tags=(UNTIMED,))
    text = har_text([untimed])
    assert "_eventSourceMessages" not in text
    (back,) = read_har(text.encode(), "x.har")
    assert (UNTIMED,) == back.tags
    assert CHAT.body == back.body


@pytest.mark.parametrize("body", [CHAT.body, "data: 年\r\n\r\n: \u2028\ufeff\n\n".encode()])
@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_vcrpy_plays_a_cassette(tmp_path: Path, library: str, body: bytes) -> None:
    """A client gets the recorded bytes, and no connection is made."""
    recording = make_recording(body[:5], body[5:], headers=(SSE,))
    cassette = tmp_path / "x.yaml"
    cassette.write_bytes(foreign_bytes([recording], "vcr"))
    post = {"requests": requests.post, "httpx": httpx.post}[library]
    content = {"requests": "data", "httpx": "content"}[library]
    request = recording.request
    with vcr.use_cassette(str(cassette), record_mode="none") as played:
        answer = post(request.url, headers=dict(request.headers), **{content: request.body})
    assert (200, body) == (answer.status_code, answer.content)
    assert "text/event-stream" == answer.headers["Content-Type"]
    assert 1 == played.play_count


def test_the_body_of_one_recording() -> None:
    """Decoded, and only one."""
    body = b"".join(encoded("gzip", [b"data: \xff\n\n"]))
    recording = make_recording(body, headers=(SSE, ("Content-Encoding", "gzip")))
    assert b"data: \xff\n\n" == foreign_bytes([recording], "sse") == decoded_body(recording)
    with pytest.raises(InputError, match="of one recording, not of 2"):
        foreign_bytes([CHAT, CHAT], "sse")


def test_perfetto_gets_a_track_for_each_stream() -> None:
    """Every event has what its phase needs; slices follow each other; streams stand where they
    began."""
    later = replace(CHAT, started_at="2026-01-01T00:00:02.500Z", name='a "name"\x1b</script>')
    trace = json.loads(foreign_bytes([CHAT, later, *read_cassette(DETAIL)], "perfetto"))
    needed = {"M": {"args"}, "X": {"dur"}, "i": {"s"}, "C": {"args"}}
    for event in trace["traceEvents"]:
        assert needed[event["ph"]] <= event.keys()
        assert {int} == {type(event["pid"]), type(event["tid"])}
        assert isinstance(event["name"], str)
        assert all(event.get(key, 0) >= 0 for key in ("ts", "dur"))
    slices = {
        tid: [
            (event["name"], event["ts"], event["dur"])
            for event in trace["traceEvents"]
            if event["ph"] == "X" and event["tid"] == tid
        ]
        for tid in (1, 2, 3)
    }
    phases = [("waiting", 0, 10_000), ("generation", 10_000, 10_000), ("tail", 20_000, 20_000)]
    assert phases == slices[1]
    assert [(name, ts + 2_500_000, dur) for name, ts, dur in phases] == slices[2]
    assert ["waiting", "reasoning", "generation", "tail"] == [name for name, _, _ in slices[3]]
    counters = [e["args"] for e in trace["traceEvents"] if e["ph"] == "C" and e["tid"] == 3]
    assert sorted(each["events"] for each in counters) == [each["events"] for each in counters]
    assert 3 == sum(e["ph"] == "i" and e["tid"] == 1 for e in trace["traceEvents"])


def test_raw_records_have_aiperf_s_shape() -> None:
    """Each message with the time of its read, fields as packets; failures as errors."""
    comment = b": ping\n\nevent: x\nid: 1\ndata: a\ndata: b\n\n"
    reset = make_recording(comment, b"data: c\n\n", reason="reset")
    plain = make_recording(b'{"a": 1}', headers=(("Content-Type", "application/json"),), status=404)
    left = make_recording(b"data: a\n\n", reason="client_closed")
    lines = foreign_bytes([reset, plain, left], "aiperf").splitlines()
    broken, failed, cancelled = map(json.loads, lines)
    assert [
        {"perf_ns": 10_000_000, "packets": [{"name": "comment", "value": "ping"}]},
        {
            "perf_ns": 10_000_000,
            "packets": [
                {"name": "event", "value": "x"},
                {"name": "id", "value": "1"},
                {"name": "data", "value": "a"},
                {"name": "data", "value": "b"},
            ],
        },
        {"perf_ns": 20_000_000, "packets": [{"name": "data", "value": "c"}]},
    ] == broken["responses"]
    assert {"model": "m", "stream": True} == broken["payload"]
    assert {"type": "reset", "message": "reset"} == broken["error"]
    begun_ns = 1_767_225_600_000_000_000
    assert begun_ns == broken["metadata"]["request_start_ns"]
    assert begun_ns + 30_000_000 == broken["metadata"]["request_end_ns"]
    whole = {"perf_ns": 10_000_000, "text": '{"a": 1}', "content_type": "application/json"}
    assert [whole] == failed["responses"]
    assert (404, 1) == (failed["error"]["code"], failed["metadata"]["session_num"])
    assert cancelled["metadata"]["was_cancelled"]
    assert "error" not in cancelled


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("x.jsonl", b'{"streamlab"'),
        ("x.har", b'{\n "log"'),
        ("x.YAML", b"interactions:"),
        ("x.otlp.jsonl", b'{"resourceSpans"'),
        ("x.aiperf.jsonl", b'{"metadata"'),
        ("x.perfetto.json", b'{"traceEvents"'),
        ("x.sse", b"data: "),
        ("x.txt", b'{"streamlab"'),
    ],
)
def test_the_name_says_the_format(name: str, start: bytes) -> None:
    """--format goes before it; stdout gets the same bytes."""
    Path("in.jsonl").write_text(dumps([CHAT]), "utf-8")
    ran = run("export", "in.jsonl", "-o", name)
    assert (0, f"wrote 1 to {name}\n") == (ran.returncode, ran.stderr)
    written = Path(name).read_bytes()
    assert written.startswith(start)
    form = {"jsonl": "cassette", "txt": "cassette", "YAML": "vcr", "json": "perfetto"}
    asked = form.get(name.partition(".")[2]) or name.split(".")[1]
    assert written.decode() == run("export", "in.jsonl", "--format", asked).stdout


def test_export_takes_all_of_a_library() -> None:
    """Oldest first; what cannot be written, or sent as well, says so."""
    with Library("streamlab.db", create=True) as library:
        library.add([replace(CHAT, id=f"{n:012x}", name=f"n{n}") for n in range(3)])
    assert 0 == run("export", "--all", "-o", "all.jsonl").returncode
    assert ["n0", "n1", "n2"] == [each.name for each in read_cassette("all.jsonl")]
    fails_well(run("export", "--format", "parquet"), "-o FOLDER")
    fails_well(run("export", "-o", "no/folder.har"), "no/folder.har")
    fails_well(run("export", "--all", "--format", "sse"), "not of 3")
    fails_well(run("export", "--endpoint", "http://127.0.0.1:1", "-o", "x"), "writes no file")
    fails_well(run("export", "nothing", "--format", "har"), "nothing")


def test_every_fixture_can_be_exported() -> None:
    """Any dialect, any framing, and streams that are broken."""
    for cassette in CASSETTES:
        for form in FORMATS:
            foreign_bytes(read_cassette(cassette)[:1], form)
