"""The command line as a user meets it: a process, its two outputs and its exit code."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from streamlab.cassette import dumps, read_cassette
from streamlab.errors import InputError
from streamlab.replay import serve
from streamlab.replay.speed import parse_speed
from streamlab.store import Library
from tests import raw_server
from tests.cli_runner import fails_well, replaying, run, run_process
from tests.conftest import DONE, FINISH, FIXTURES, chat_event, make_recording
from tests.raw_server import HEAD, http_chunk, send

MALFORMED = FIXTURES / "systems/assisters-malformed.jsonl"
CHAT = FIXTURES / "systems/assisters-chat.jsonl"


def test_record_prints_the_text_live_and_keeps_the_stream(tmp_path: Path) -> None:
    """Text on stdout, narration on stderr; then ls, show, analyze, export and import find it."""
    (served,) = read_cassette(CHAT)
    with serve([served], speed=0) as server:
        ran = run(
            *("record", "--chat", "Hi", "--model", "m", "--base-url", f"{server.url}/v1"),
            *("--name", "chat", "--tag", "a", "--tag", "b"),
        )
    assert 0 == ran.returncode, ran.stderr
    assert "26 tokens" in ran.stderr
    listed = json.loads(run("ls", "--json").stdout)
    assert [("chat", "complete", 26)] == [
        (line["name"], line["end_reason"], line["output_tokens"]) for line in listed
    ]
    assert "chat" in run("ls").stdout
    assert ran.stdout == run("show", "chat", "--text").stdout
    assert served.body.decode() == run("show", "--raw").stdout
    (analysis,) = json.loads(run("analyze", "chat", "--json").stdout)
    assert ran.stdout == analysis["text"]
    assert 0 == run("export", "chat", "-o", "out.jsonl").returncode
    (exported,) = read_cassette(tmp_path / "out.jsonl")
    assert ("a", "b") == exported.tags
    assert 0 == run("import", "out.jsonl", "--db", "other.db").returncode
    with Library(tmp_path / "other.db") as other:
        assert exported == other.load("chat")
    sent = json.loads(exported.request.body)
    assert (True, {"include_usage": True}) == (sent["stream"], sent["stream_options"])


def test_record_sends_what_it_is_told() -> None:
    """Method, headers and body as given; a body from a file or from stdin."""
    Path("body.json").write_text('{ "a" : 1 }', "utf-8")
    with serve(
        [make_recording(chat_event("hi"), FINISH, DONE, url="http://a/x")], speed=0
    ) as server:
        for body, stdin in (('{ "a" : 1 }', ""), ("@body.json", ""), ("@-", '{ "a" : 1 }')):
            ran = run("record", f"{server.url}/x", "-d", body, "-H", "X-A: b", input=stdin)
            assert (0, "hi") == (ran.returncode, ran.stdout), ran.stderr
    with Library("streamlab.db") as library:
        for summary in library.summaries():
            request = library.load(summary.id).request
            assert ("POST", b'{ "a" : 1 }') == (request.method, request.body)
            assert ("X-A", "b") in request.headers
            assert ("Content-Type", "application/json") in request.headers


def test_the_key_of_the_environment_is_sent_and_not_kept(tmp_path: Path) -> None:
    """OPENAI_API_KEY authorizes --chat, and is nowhere in the library."""
    environment = {**os.environ, "OPENAI_API_KEY": "sk-environment-123"}
    with serve(read_cassette(CHAT), speed=0) as server:
        command = [sys.executable, "-m", "streamlab", "record", "--chat", "x", "--model", "m"]
        subprocess.run(
            [*command, "--base-url", server.url], env=environment, check=True, capture_output=True
        )
    with Library("streamlab.db") as library:
        headers = library.load("latest").request.headers
    assert ("Authorization", "Bearer [redacted]") in headers
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("streamlab.db*"))
    assert b"sk-environment" not in stored


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([send(HEAD + http_chunk(chat_event("a"))), raw_server.close], ["truncated"]),
        ([send(HEAD + http_chunk(chat_event("a"))), raw_server.reset], ["reset"]),
        (
            [send(HEAD + http_chunk(b"data: {\n\n") + b"0\r\n\r\n")],
            ["1 error, ", "streamlab check"],
        ),
        ([raw_server.close], ["no response, truncated"]),
        (
            [send(b"HTTP/1.1 429 No\r\nContent-Length: 18\r\n\r\n" + b'{"error":"slower"}')],
            ["HTTP 429", "error: slower"],
        ),
    ],
    ids=["cut", "reset", "malformed", "no response", "http error"],
)
def test_a_stream_that_does_not_end_well_gives_exit_1(
    said: list[raw_server.Act], words: list[str]
) -> None:
    """It is recorded all the same, and stderr says what happened."""
    with raw_server.raw_server(*said) as url:
        ran = run("record", url)
    assert 1 == ran.returncode, ran.stderr
    for word in [*words, "recorded "]:
        assert word in ran.stderr
    assert 1 == len(json.loads(run("ls", "--json").stdout))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_hangs_up_and_keeps_the_recording(number: signal.Signals) -> None:
    """Ctrl-C is an end like any other."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("these tests run where the signal is ignored, as behind a shell's & or nohup")
    acts = [send(HEAD + http_chunk(chat_event("first"))), raw_server.wait_until_left]
    with raw_server.raw_server(*acts) as url:
        command = [sys.executable, "-m", "streamlab", "record", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as recorder:
            assert recorder.stdout is not None
            assert recorder.stderr is not None
            assert b"first" == recorder.stdout.read(5)
            recorder.send_signal(number)
            told = recorder.stderr.read()
            assert 1 == recorder.wait(30)
    assert b"client_closed" in told
    assert b"Traceback" not in told
    with Library("streamlab.db") as library:
        assert chat_event("first") == library.load("latest").body


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_narrow_terminal_does_not_cost_the_stream(encoding: str) -> None:
    """What it cannot show is escaped."""
    recording = make_recording(chat_event("h€llo"), FINISH, DONE, url="http://a/x")
    with serve([recording], speed=0) as server:
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        command = [sys.executable, "-m", "streamlab", "record", f"{server.url}/x", "-d", "{}"]
        ran = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert rb"h\u20acllo" == ran.stdout


@pytest.mark.parametrize("redirect", ["| head -c 1", ">&-", ">/dev/full"])
def test_an_output_that_fails_does_not_cost_the_stream(redirect: str) -> None:
    """A closed pipe, a closed stdout, a full disk: the recording is complete."""
    if redirect == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    recording = make_recording(*[chat_event("word ")] * 200, DONE, url="http://a/x")
    with serve([recording], speed=0) as server:
        command = f"{sys.executable} -m streamlab record {server.url}/x -d '{{}}' {redirect}"
        ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr
    with Library("streamlab.db") as library:
        again = library.load("latest")
    assert again.end is not None
    assert ("complete", recording.body) == (again.end.reason, again.body)


def test_terminal_escapes_in_a_stream_are_drawn_and_not_sent() -> None:
    """Untrusted text never becomes a control sequence, in any verb."""
    evil = "\\u001b]0;owned\\u0007\\u009b31m\\u202e"
    served = make_recording(
        chat_event(evil),
        b"event: \x1b[31mred\ndata: {\x1b[2J\n\n",
        b": \x1b[5mblink\n\n",
        b"\x1b[1mfield\n\n",
        DONE,
        url="http://a/x",
    )
    Path("evil.jsonl").write_text(dumps([served]), "utf-8")
    with serve([served], speed=0) as server:
        outputs = [run("record", f"{server.url}/x", "-d", "{}", "--name", "\x1b[1mname")]
    outputs += [run(verb) for verb in ("ls", "show", "analyze", "export")]
    outputs += [run("show", "--reads"), run("analyze", "evil.jsonl")]
    outputs += [run(verb, "--json") for verb in ("ls", "show", "analyze")]
    for ran in outputs:
        for text in (ran.stdout, ran.stderr):
            assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text), ran.args
    assert "␛]0;owned" in outputs[0].stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "http://127.0.0.1:1/"], ["cannot reach http://127.0.0.1:1/"]),
        (["record", "http://no-such-host.invalid/"], ["no-such-host.invalid"]),
        (["record", "127.0.0.1:8000"], ["127.0.0.1:8000", "http://"]),
        (["record"], ["no URL", "--chat"]),
        (["record", "--chat", "hi"], ["needs a model", "--model"]),
        (["record", "http://127.0.0.1:1/", "-d", "{oops"], ["-d", "not JSON", "line 1 column 2"]),
        (["record", "http://127.0.0.1:1/", "-d", "@none.json"], ["none.json", "No such file"]),
        (["record", "http://127.0.0.1:1/", "-H", "no colon"], ["-H 'no colon'", "Name: value"]),
        (["record", "http://127.0.0.1:1/", "-H", "A: b\nc"], ["http://127.0.0.1:1/"]),
        (["ls"], ["no library at streamlab.db", "--db"]),
        (["ls", "--db", "wrong.db"], ["wrong.db", "not a database", "--db"]),
        (["show", "nothing", "--db", "one.db"], ["no recording 'nothing' in one.db", "ls"]),
        (["analyze", "latest", "none", "--db", "one.db"], ["no recording 'none'"]),
        (["analyze", "broken.jsonl"], ["broken.jsonl:2: not JSON"]),
        (["import", "fine.jsonl", "broken.jsonl", "--db", "one.db"], ["broken.jsonl:2: not JSON"]),
        (["import", "none.jsonl"], ["none.jsonl", "No such file"]),
        (["export", "latest", "--db", "one.db", "-o", "no/folder.jsonl"], ["no/folder.jsonl"]),
        (["replay", "--db", "one.db", "--speed", "warp"], ["--speed 'warp'", "10x"]),
        (["replay", "nothing", "--db", "one.db"], ["no recording 'nothing'"]),
        (["replay", "--db", "empty.db"], ["empty.db holds no recordings", "record"]),
        (["replay", "fine.jsonl", "--host", "256.0.0.1"], ["256.0.0.1"]),
        (["replay", "fine.jsonl", "--ignore-json-path", "seed"], ["JSON path 'seed'"]),
        (["replay", "fine.jsonl", "--record-mode", "once"], ["mode once needs", "--upstream"]),
        (["replay", "fine.jsonl", "--upstream", "api.example"], ["'api.example' is no upstream"]),
    ],
    ids=lambda value: " ".join(value)[:60] if value and value[0].islower() else "",
)
def test_bad_input(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    """What was wrong, where, and what to do next; nothing is lost."""
    Path("wrong.db").write_bytes(b"not a database at all, just some text in a file" * 50)
    Path("fine.jsonl").write_text(dumps([make_recording(DONE, recording_id="f" * 12)]), "utf-8")
    Path("broken.jsonl").write_text(dumps([make_recording()]).split("\n")[0] + "\n{oops\n", "utf-8")
    for name, recordings in (("one.db", [make_recording(DONE)]), ("empty.db", [])):
        with Library(tmp_path / name, create=True) as library:
            library.add(recordings)
    fails_well(run(*arguments), *words)
    with Library(tmp_path / "one.db") as library:
        assert [make_recording(DONE)] == library.load_all(["latest"])
        assert 1 == len(library.summaries())


def test_a_port_in_use_is_named() -> None:
    """With the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails_well(run("replay", CHAT, "--port", str(port)), f"port {port}", "--port 0")


def test_debug_shows_the_traceback() -> None:
    """For those who mend streamlab itself."""
    ran = run_process("--debug", "ls")
    assert "Traceback" in ran.stderr
    assert 0 != ran.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_replay_prints_its_url_at_once_and_stops_cleanly(number: signal.Signals) -> None:
    """The URL is the first line of stdout; Ctrl-C ends it with exit 0 and a word on punctuality."""
    with replaying(CHAT, "--speed", "instant") as (url, server):
        curl = subprocess.run(
            ["curl", "-sSN", f"{url}/v1/chat/completions", "-d", "{}"],
            capture_output=True, check=True, timeout=30,
        )  # fmt: skip
        assert read_cassette(CHAT)[0].body == curl.stdout
        server.send_signal(number)
        _, told = server.communicate(timeout=30)
    assert 0 == server.returncode
    assert "serving 1 recording without waiting" in told
    assert f"OPENAI_BASE_URL={url}/v1" in told
    assert "POST /v1/chat/completions" in told
    assert "late by p50" in told
    assert "Traceback" not in told


def test_replay_stops_with_answers_under_way() -> None:
    """An open stream does not hold it."""
    endless = make_recording(b"a", b"b", gap_ns=3600 * 10**9)
    Path("endless.jsonl").write_text(dumps([endless]), "utf-8")
    with replaying("endless.jsonl") as (url, server):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\r\n")
            server.send_signal(signal.SIGINT)
            _, told = server.communicate(timeout=30)
    assert (0, False) == (server.returncode, "Traceback" in told)


@pytest.mark.parametrize(
    ("text", "speed"),
    [("realtime", 1), ("instant", 0), ("10x", 10), ("0.5x", 0.5), ("2", 2), ("0", 0)],
)
def test_speeds(text: str, speed: float) -> None:
    """Words, factors, numbers."""
    assert speed == parse_speed(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "-1x", "nan", "inf", "fast", "1 0"])
def test_what_is_no_speed(text: str) -> None:
    """Negative, not finite, not a number."""
    with pytest.raises(InputError):
        parse_speed(text)


def test_analyze_gives_exit_1_for_findings() -> None:
    """0 for a clean stream, 1 if there is something to look at."""
    assert 0 == run("analyze", CHAT).returncode
    assert 1 == run("analyze", CHAT, MALFORMED).returncode


def test_show_of_some_event_types() -> None:
    """--events takes names, with commas between."""
    detail = FIXTURES / "systems/fastgpt-detail.jsonl"
    shown = json.loads(run("show", detail, "--events", "flowNodeStatus", "--json").stdout)
    assert {"flowNodeStatus"} == {event["type"] for event in shown}
    assert len(shown) >= 2
    assert "AI 对话" in run("show", detail, "--events", "flowNodeStatus,flowResponses").stdout


def test_nothing_is_imported_that_a_verb_does_not_use() -> None:
    """--help needs no HTTP, no SQLite and no tables, ls no HTTP client."""
    program = (
        "import sys; from streamlab.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = ('httpx', 'h11', 'sqlite_utils', 'sqlite3', 'rich', 'asyncio')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    Library("streamlab.db", create=True).close()
    expected = {
        ("--help",): [],
        ("ls", "--json"): ["sqlite3", "rich"],
        ("export", str(CHAT)): [],
        ("analyze", str(CHAT), "--json"): ["rich"],
        ("record", "--help"): [],
    }
    for arguments, modules in expected.items():
        ran = subprocess.run(
            [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
        )
        assert str(modules) == ran.stderr.splitlines()[-1], arguments


def test_demo_runs() -> None:
    """Record, list, replay, analyze, in one go and with nothing left behind."""
    before = set(Path().iterdir())
    ran = run_process("demo")
    assert 0 == ran.returncode, ran.stderr
    assert "byte for byte, read for read the same" in ran.stderr
    assert "replayed at 10x" in ran.stdout
    assert 2 == ran.stdout.count("The sky is blue because")
    assert before == set(Path().iterdir())
    assert 0 == run("demo", "--db", "kept.db").returncode
    assert 2 == len(json.loads(run("ls", "--db", "kept.db", "--json").stdout))


def test_help_of_every_verb() -> None:
    """Each verb and each option says what it does."""
    from typer.main import get_command

    from streamlab.cli import app

    group = get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), (name, parameter.name)


def test_live_printing_waits_for_nothing(tmp_path: Path) -> None:
    """The first text is on stdout before the server has sent the second."""
    gate = threading.Event()
    acts = [send(HEAD + http_chunk(chat_event("first"))), raw_server.wait_for(gate)]
    last = send(http_chunk(chat_event("second")) + b"0\r\n\r\n")
    with raw_server.raw_server(*acts, last) as url:
        command = [sys.executable, "-m", "streamlab", "record", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as recorder:
            assert recorder.stdout is not None
            assert b"first" == recorder.stdout.read(5)
            gate.set()
            assert b"second" == recorder.stdout.read()
            assert recorder.stderr is not None
            recorder.stderr.read()


def test_show_follows_a_recording_that_grows(tmp_path: Path) -> None:
    """Each event is printed once it is stored, and the end ends it."""
    recording = make_recording(*[chat_event(word) for word in ("one", "two")], DONE)
    assert recording.response is not None
    assert recording.end is not None
    with Library("streamlab.db", create=True) as library, library.open_writer() as writer:
        stored = writer.begin(replace(recording, response=None, reads=(), end=None))
        stored.respond(recording.response)
        stored.read(recording.reads[0])
        command = [sys.executable, "-m", "streamlab", "show", "--follow"]
        wait_for_reads(tmp_path / "streamlab.db", 1)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
            assert follower.stdout is not None
            assert "head 200" in follower.stdout.readline()
            assert "“one”" in follower.stdout.readline()
            stored.read(recording.reads[1])
            assert "“two”" in follower.stdout.readline()
            stored.read(recording.reads[2])
            stored.finish(recording.end)
            rest = follower.stdout.read()
            assert 0 == follower.wait(30)
    assert "[DONE]" in rest
    assert "complete" in rest
    assert 2 == len(rest.splitlines())


def wait_for_reads(path: Path, count: int) -> None:
    patience = threading.Event()
    for _ in range(1000):
        with Library(path) as library:
            if [summary.reads for summary in library.summaries()] == [count]:
                return
        patience.wait(0.01)
    raise AssertionError("the reads never came")


def test_upkeep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """rm asks first, reindex counts, doctor is content or exits with 1."""
    first = make_recording(DONE, name="first", recording_id="a" * 12)
    second = make_recording(DONE, name="second", recording_id="b" * 12)
    with Library("streamlab.db", create=True) as library:
        library.add([first, second])
    assert 0 == run("rm", "first", input="n\n").returncode
    assert 2 == len(json.loads(run("ls", "--json").stdout))
    assert "deleted 1" in run("rm", "first", "--yes").stderr
    assert ["second"] == [line["name"] for line in json.loads(run("ls", "--json").stdout)]
    assert "reindexed 1" in run("reindex").stderr
    assert "reindexed 1" in run("reindex", "second").stderr
    assert "is whole: 1 recording\n" in run("doctor").stderr
    with sqlite3.connect("streamlab.db") as harmed:
        harmed.execute("update recordings set metrics = null")
    harmed.close()
    ran = run("doctor", "--json")
    assert (1, "b" * 12) == (ran.returncode, json.loads(ran.stdout)[0]["place"])
    assert "reindex" in run("doctor").stderr
