"""Record modes, between real sockets: a client, a replay server, and the API behind it."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from streamlab.cli._record_mode import narrated_live, select_recorded
from streamlab.live_upstream import open_live, whole
from streamlab.record.upstream import parse_upstreams
from streamlab.record_mode import RecordMode
from streamlab.recording import END_REASONS, Recording, header_value
from streamlab.replay import Catalog, ReplayServer, running, serve
from streamlab.replay.match import Match
from streamlab.store import Library
from tests import raw_server
from tests.cli_runner import replaying
from tests.conftest import DONE, chat_event, make_recording
from tests.raw_server import HEAD, http_chunk, send

CHAT = "/v1/chat/completions"
EVENTS = (chat_event("a"), chat_event("b"), DONE)
STREAM = b"".join(EVENTS)
DB = Path("library.db")


def old(recording_id: str, body: bytes = b'{"n": 1}', path: str = CHAT) -> Recording:
    url = f"https://api.example{path}"
    return make_recording(b"old", DONE, recording_id=recording_id, url=url, body=body)


def stored() -> list[Recording]:
    with Library(DB) as library:
        return library.load_all(summary.id for summary in library.summaries())


@contextmanager
def live(
    mode: RecordMode, *upstreams: str, recordings: list[Recording], match: Match = "body"
) -> Iterator[ReplayServer]:
    """A server of `recordings` with an upstream behind it; all is stored when the block is over."""
    catalog = Catalog(recordings, match=match)
    parsed = parse_upstreams(upstreams)
    with (
        open_live(DB, mode, parsed, catalog) as upstream,
        running(ReplayServer(catalog, speed=0, live=upstream)) as server,
    ):
        yield server


@contextmanager
def api() -> Iterator[ReplayServer]:
    """An upstream: it answers everything with the same stream, and knows what it was asked."""
    with serve(Catalog([make_recording(*EVENTS)], match="sequence"), speed=0) as upstream:
        yield upstream


def ask(server: ReplayServer, body: dict[str, Any], path: str = CHAT) -> str:
    """What came: the text of an answer, or its status."""
    answer = httpx.post(f"{server.url}{path}", json=body)
    return answer.text if answer.is_success else str(answer.status_code)


OLD, NEW = "old" + DONE.decode(), STREAM.decode()


@pytest.mark.parametrize(
    ("mode", "answers", "asked", "ids"),
    [
        ("none", [OLD, "503", "503", "503", "503"], 0, ["one", "two", "other"]),
        ("once", [OLD, "503", "503", NEW, NEW], 1, ["one", "two", "other", "new"]),
        ("new_episodes", [OLD, NEW, NEW, NEW, NEW], 2, ["one", "two", "other", "new", "new"]),
        ("all", [NEW] * 5, 5, ["one", "two", "other", *["new"] * 5]),
        ("rewrite", [NEW] * 5, 5, ["other", *["new"] * 5]),
    ],
)
def test_what_is_answered_and_what_is_recorded(
    mode: RecordMode, answers: list[str], asked: int, ids: list[str]
) -> None:
    """A known request, a new one of a known route twice, one of a new route twice."""
    known = [old("one"), old("two"), old("other", b'{"n": 9}')]
    with Library(DB, create=True) as library:
        library.add(known)
    with api() as upstream:
        with live(mode, upstream.url, recordings=known) as server:
            requests = [({"n": 1}, CHAT), *[({"n": 2}, CHAT)] * 2, *[({}, "/v1/new")] * 2]
            assert answers == [ask(server, *request) for request in requests]
        assert asked == len(upstream.requests)
    left = [each.id if each in known else "new" for each in stored()]
    assert sorted(ids) == sorted(left)
    for recording in stored():
        assert recording in known or ("proxy", STREAM) == (recording.source, recording.body)


def test_a_miss_is_answered_while_it_is_recorded() -> None:
    """The first event is through before the second is sent; then it is a recording like others."""
    with serve([make_recording(*EVENTS)]) as upstream:
        hold = upstream.hold()
        with (
            live("new_episodes", upstream.url, recordings=[]) as server,
            httpx.Client(base_url=server.url) as client,
        ):
            hold.release()
            with client.stream("POST", CHAT, json={}) as response:
                pieces = response.iter_raw()
                assert EVENTS[0] == next(pieces)
                assert 1 == hold.sent
                hold.release_all()
                assert list(EVENTS[1:]) == list(pieces)
            again = client.post(CHAT, json={})
            assert (STREAM, "text/event-stream") == (again.content, again.headers["content-type"])
        assert 1 == len(upstream.requests)
    (recording,) = stored()
    assert list(EVENTS) == [read.data for read in recording.reads]


def test_the_next_request_is_replayed_however_soon_it_comes() -> None:
    """A client that has read the last byte asks at once, on the same connection."""
    with (
        api() as upstream,
        live("new_episodes", upstream.url, recordings=[]) as server,
        socket.create_connection(
            ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20
        ) as client,
    ):
        for number in range(20):
            body = b"%d" % number
            request = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (
                CHAT.encode(), len(body), body,
            )  # fmt: skip
            for _ in range(2):
                client.sendall(request)
                received = b""
                while not received.endswith(b"0\r\n\r\n"):
                    received += client.recv(65536)
        assert 20 == len(upstream.requests)


def test_an_sdk_asks_the_api_once() -> None:
    """It closes each response at the end marker, and gets the same text again; in the next session,
    too, where there is no upstream any more."""
    with api() as upstream:
        with live("new_episodes", upstream.url, recordings=[]) as server:
            assert ["ab"] * 3 == [sdk_text(server.url) for _ in range(3)]
        assert 1 == len(upstream.requests)
        headers = stored()[0].request.headers
        assert "Bearer [redacted]" == header_value(headers, "Authorization")
    with serve(Catalog(stored(), match="body"), speed=0) as server:
        assert "ab" == sdk_text(server.url)


def sdk_text(url: str) -> str:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-secret", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Hi"}]
        chunks = client.chat.completions.create(model="m", messages=messages, stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_a_client_that_leaves_leaves_no_answer_for_others() -> None:
    """What came is kept as evidence; the next such request asks anew."""
    left = threading.Event()

    def note(connection: socket.socket) -> None:
        raw_server.wait_until_left(connection)
        left.set()

    with (
        raw_server.raw_server(send(HEAD + http_chunk(EVENTS[0])), note) as url,
        live("new_episodes", url, recordings=[]) as server,
    ):
        with httpx.stream("POST", f"{server.url}{CHAT}", json={}) as response:
            assert EVENTS[0] == next(response.iter_raw())
        assert left.wait(20)
        assert [] == server.catalog.recordings
    (recording,) = stored()
    assert ("client_closed", EVENTS[0]) == (recording.end and recording.end.reason, recording.body)
    with api() as upstream:
        recordings = select_recorded([], DB)
        with live("new_episodes", upstream.url, recordings=recordings) as server:
            assert [NEW, NEW] == [ask(server, {}) for _ in range(2)]
        assert 1 == len(upstream.requests)


def test_an_upstream_that_is_down_leaves_nothing() -> None:
    """The client gets a 502, the next request tries again."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with live("new_episodes", f"http://127.0.0.1:{port}", recordings=[]) as server:
        assert ["502", "502"] == [ask(server, {}) for _ in range(2)]
        assert [] == server.catalog.recordings
    assert [] == stored()


def test_a_request_to_try_again_reaches_the_upstream_again() -> None:
    """Both answers are recorded, and the next session has them one after the other."""
    limited = make_recording(b"{}", status=429, headers=(("Content-Length", "2"),))
    both = [limited, replace(make_recording(*EVENTS), id="2" * 12)]
    with serve(both, speed=0) as upstream:
        with live("new_episodes", upstream.url, recordings=[]) as server:
            assert ["429", NEW, NEW] == [ask(server, {}) for _ in range(3)]
        assert 2 == len(upstream.requests)
    with serve(Catalog(select_recorded([], DB), match="body"), speed=0) as server:
        assert ["429", NEW] == [ask(server, {}) for _ in range(2)]


@pytest.mark.parametrize(
    "answers",
    [
        [make_recording(*EVENTS, reason="truncated")],
        [make_recording(b"{}", status=401, headers=(("Content-Length", "2"),))],
        [make_recording(*EVENTS), make_recording(*EVENTS, reason="reset", recording_id="2" * 12)],
        [make_recording(*EVENTS, reason="reset"), make_recording(*EVENTS, recording_id="2" * 12)],
    ],
    ids=["cut", "an error", "the second time", "the first time"],
)
def test_what_is_not_recorded_well_replaces_nothing(answers: list[Recording]) -> None:
    """A key that has expired must not cost the recordings that there are."""
    with Library(DB, create=True) as library:
        library.add([old("one")])
    with (
        serve(answers, speed=0) as upstream,
        live("rewrite", upstream.url, recordings=[old("one")]) as server,
    ):
        for _ in answers:
            try:
                ask(server, {"n": 1})
            except httpx.TransportError:
                continue
    assert old("one") in stored()
    assert 1 + len(answers) == len(stored())


def test_a_request_that_names_its_recording_gets_it() -> None:
    """In every mode; nothing is asked of the upstream, not even for a name that is unknown."""
    with (
        api() as upstream,
        live("all", upstream.url, recordings=[replace(old("one"), name="sky")]) as server,
    ):
        assert [OLD, "404"] == [ask(server, {"model": f"streamlab/{n}"}) for n in ("sky", "x")]
        assert 0 == len(upstream.requests)
        assert ["one", ""] == [each.recording_id for each in server.requests]


def test_recordings_are_looked_up_as_the_upstream_is_asked() -> None:
    """Its base path and prefix are no part of what a client asks for."""
    with api() as upstream:
        names = (f"{upstream.url}/v1", f"other={upstream.url}/v2")
        for _ in range(2):
            recordings = stored() if DB.exists() else []
            with live("new_episodes", *names, recordings=recordings) as server:
                for path in ("/embeddings", "/other/embeddings"):
                    assert [NEW, NEW] == [ask(server, {}, path) for _ in range(2)]
        assert ["/v1/embeddings", "/v2/embeddings"] == [each.target for each in upstream.requests]


def test_what_no_upstream_takes_is_a_miss() -> None:
    """As it would be without one."""
    with (
        api() as upstream,
        live("all", f"only={upstream.url}", recordings=[old("one")]) as server,
    ):
        assert [OLD, "503"] == [ask(server, {"n": number}) for number in (1, 2)]
        assert NEW == ask(server, {"n": 2}, f"/only{CHAT}")


@pytest.mark.parametrize("reason", END_REASONS)
def test_whole_answers(reason: str) -> None:
    """Those that a server ended, or whose client left after the end marker."""
    cut = make_recording(*EVENTS[:-1], reason=reason)
    ended = make_recording(*EVENTS, reason=reason)
    silent = replace(make_recording(reason=reason), response=None)
    ends = {"complete", "truncated", "reset", "protocol_error"}
    expected = [cut] if reason in ends else []
    expected += [ended] if reason in {*ends, "client_closed"} else []
    assert expected == whole([cut, ended, silent, replace(cut, end=None)])


def test_the_command_line_records_what_is_missing() -> None:
    """--upstream alone is enough, and what is recorded is told."""
    with api() as upstream:
        with replaying("--db", DB, "--upstream", upstream.url) as (url, server):
            for _ in range(2):
                assert NEW == httpx.post(f"{url}{CHAT}", json={"n": 1}).text
            server.send_signal(signal.SIGINT)
            _, told = server.communicate(timeout=30)
        assert 1 == len(upstream.requests)
    assert f"recording into library.db what {upstream.url} answers (new_episodes)" in told
    (recording,) = stored()
    assert 2 == told.count(recording.id)  # recorded, replayed


def test_what_is_removed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing goes from a library without a word."""
    with Library(DB, create=True) as library:
        library.add([old("one"), old("two")])
    with api() as upstream:
        catalog = Catalog(stored(), match="body")
        parsed = parse_upstreams([upstream.url])
        with (
            narrated_live("rewrite", parsed, DB, catalog) as live_upstream,
            running(ReplayServer(catalog, live=live_upstream)) as server,
        ):
            assert NEW == ask(server, {"n": 1})
    assert "removed 2 outdated recordings\n" in capsys.readouterr().err


def test_the_command_line_tells_why_nothing_answers() -> None:
    """The closest recording, what differs, and a way out."""
    with Library(DB, create=True) as library:
        library.add([old("one", b'{"model": "m", "n": 1}')])
    with replaying("--db", DB, "--match", "body", "--ignore-json-path", "$..seed") as (url, server):
        ignored = httpx.post(f"{url}{CHAT}", json={"seed": 5, "model": "m", "n": 1})
        missed = httpx.post(f"{url}{CHAT}", json={"model": "m", "n": "\x1b[31m"})
        httpx.post(f"{url}/v1/x")
        server.send_signal(signal.SIGINT)
        _, told = server.communicate(timeout=30)
    assert (200, 503) == (ignored.status_code, missed.status_code)
    lines = told.splitlines()
    start = lines.index("POST /v1/chat/completions no recording")
    assert [
        '  closest: one $.n: "\\u001b[31m" != 1',
        "hint: --ignore-json-path '$.n' leaves that out, --match auto takes any of its route",
        "POST /v1/x no recording",
        "  closest: one path: /v1/x != /v1/chat/completions",
        "hint: --upstream URL records what is missing",
    ] == lines[start + 1 : start + 6]
    assert json.dumps("\x1b[31m") in missed.json()["error"]["message"]
