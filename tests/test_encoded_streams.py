"""Encoded streams from the wire to the reports: kept as they were sent, read as they were meant."""

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from streamlab import RecordingTransport, serve
from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.finding import find, is_clean
from streamlab.recording import Recording, header_value
from streamlab.store import Library
from tests.cli_runner import run
from tests.conftest import DONE, chat_event, make_recording
from tests.encoders import encoded
from tests.raw_server import http_chunk, raw_server, send

STREAM = [chat_event("Hel"), chat_event("lo").replace(b"null", b'"stop"'), DONE]
PLAIN = b"".join(STREAM)
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Encoding: %b\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
EVENTS = b"text/event-stream"


def answer(pieces: list[bytes], coding: bytes = b"gzip", media_type: bytes = EVENTS) -> bytes:
    return HEAD % (media_type, coding) + b"".join(map(http_chunk, [*pieces, b""]))


def recorded(coding: str, pieces: list[bytes], reason: str = "complete") -> Recording:
    headers = (
        ("Content-Type", "text/event-stream"),
        ("Content-Encoding", coding),
        ("Transfer-Encoding", "chunked"),
    )
    return make_recording(*pieces, headers=headers, reason=reason, url="http://a/chat")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_program_that_asks_for_codings_is_recorded_with_its_events(coding: str) -> None:
    """httpx does by default. What is stored is what was sent; its events have their reads."""
    pieces = encoded(coding, STREAM)
    with (
        raw_server(send(answer(pieces, coding.encode()))) as url,
        httpx.Client(transport=RecordingTransport("streamlab.db")) as client,
    ):
        assert PLAIN == client.post(url, json={}).content
    with Library("streamlab.db") as library:
        recording = library.load("latest")
    assert pieces == [read.data for read in recording.reads]
    analysis = analyze(recording)
    assert ("Hello", 2) == (analysis.text, analysis.output_tokens)
    assert is_clean(find(recording))
    assert sum(map(len, pieces)) == analysis.bytes


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_replay_sends_what_was_sent(coding: str) -> None:
    """The encoded bytes, with the header that says so: a client decodes them."""
    pieces = encoded(coding, STREAM)
    with serve([recorded(coding, pieces)], speed=0) as server, httpx.Client() as client:
        with client.stream("POST", f"{server.url}/chat", json={}) as response:
            assert b"".join(pieces) == b"".join(response.iter_raw())
        decoded = client.post(f"{server.url}/chat", json={})
    assert (coding, PLAIN) == (decoded.headers["content-encoding"], decoded.content)


def test_a_replay_of_a_client_that_left_at_the_marker_ends() -> None:
    """The marker is in the decoded body; without it the replay would wait for the client."""
    left = recorded("gzip", encoded("gzip", STREAM)[:-1], reason="client_closed")
    with serve([left], speed=0) as server:
        assert PLAIN == httpx.post(f"{server.url}/chat", json={}).content


def test_the_proxy_keeps_the_encoding_and_every_verb_reads_it(tmp_path: Path) -> None:
    """As a user does it: `proxy --keep-encoding`, then analyze, show and export."""
    pieces = encoded("gzip", STREAM)
    command = [sys.executable, "-m", "streamlab", "proxy", "--keep-encoding", "--port", "0"]
    with (
        raw_server(send(answer(pieces))) as upstream,
        subprocess.Popen(
            [*command, "--upstream", upstream], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as proxy,
    ):
        assert proxy.stdout is not None
        url = proxy.stdout.readline().decode().strip()
        received = httpx.post(f"{url}/chat", json={})
        proxy.send_signal(signal.SIGINT)
        proxy.communicate(timeout=30)
    assert ("gzip", PLAIN) == (received.headers["content-encoding"], received.content)
    (analysis,) = json.loads(run("analyze", "--json").stdout)
    assert ("openai.chat", "Hello", 2) == (
        analysis["dialect"], analysis["text"], analysis["output_tokens"]
    )  # fmt: skip
    assert [] == [each for each in analysis["findings"] if each["severity"] == "error"]
    assert "Hello" == run("show", "--text").stdout
    shown = json.loads(run("show", "--json").stdout)
    assert STREAM == [PLAIN[event["start"] : event["stop"]] for event in shown]
    assert [0, 1, 2] == [event["read"] for event in shown]
    assert "text/event-stream, gzip" in run("show").stdout
    reads = run("show", "--reads").stdout
    assert f"{len(pieces[1])} B" in reads
    assert "data: [DONE]⏎⏎" in reads
    raw = subprocess.run([*command[:3], "show", "--raw"], capture_output=True, check=True).stdout
    assert b"".join(pieces) == raw
    assert 0 == run("export", "-o", "out.jsonl").returncode
    (exported,) = read_cassette(tmp_path / "out.jsonl")
    assert pieces == [read.data for read in exported.reads]
    with Library("streamlab.db") as library:
        rows = library._query("select type, read_seq, text from events order by seq")
    assert [("message", 0, "Hel"), ("message", 1, "lo"), ("message", 2, "")] == [
        tuple(row.values()) for row in rows
    ]


@pytest.mark.parametrize(
    ("media_type", "body", "printed"),
    [
        (b"text/event-stream", STREAM, "Hello"),
        (b"text/plain", STREAM, "Hello"),
        (b"application/json", [b'{"a":', b' "\xc3', b'\xa4"}'], '{"a": "ä"}'),
    ],
)
def test_record_prints_what_a_server_encodes_unasked(
    media_type: bytes, body: list[bytes], printed: str
) -> None:
    """`record` asks for identity, and some servers do not care."""
    # A head of its own, as many compressors write it: no byte is decoded with the first read.
    head, *rest = encoded("gzip", body)
    pieces = [head[:10], head[10:], *rest]
    with raw_server(send(answer(pieces, media_type=media_type))) as url:
        ran = run("record", url, "-d", "{}")
    assert (0, printed) == (ran.returncode, ran.stdout), ran.stderr
    with Library("streamlab.db") as library:
        recording = library.load("latest")
    assert "identity" == header_value(recording.request.headers, "accept-encoding")
    assert b"".join(body) == gzip.decompress(recording.body)


def test_a_coding_that_is_cut_is_told_by_record() -> None:
    """HTTP says the body is complete; the coding says it is not."""
    with raw_server(send(answer(encoded("gzip", STREAM)[:-1]))) as url:
        ran = run("record", url, "-d", "{}")
    assert (1, "Hello") == (ran.returncode, ran.stdout)
    assert "1 error" in ran.stderr
    assert "encoding-truncated" in run("show").stdout
    told = run("analyze").stdout
    assert "ERROR SL108 content-encoding-broken" in told
    assert "the body ends inside its gzip data" in told
