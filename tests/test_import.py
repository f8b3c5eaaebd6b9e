"""`import`, `replay` at a made-up pace and `record --from-curl`, as a user meets them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from streamlab.cassette import dumps
from streamlab.recording import header_value
from streamlab.replay import serve
from streamlab.store import Library
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, chat_event, make_recording
from tests.test_cli import replaying

DATA = Path(__file__).parent / "data/interop"
BODY = chat_event("Hel") + chat_event("lo").replace(b"null", b'"stop"') + DONE


def test_import_says_what_it_took_each_file_for() -> None:
    """Told by the content, whatever the name; all of them are in the library afterwards."""
    Path("cassette.txt").write_text(dumps([make_recording(b"data: a\n\n")]), "utf-8")
    shutil.copy(DATA / "chrome.har", "page.json")
    shutil.copy(DATA / "vcr.yaml", "vcr.txt")
    Path("body.har").write_bytes(BODY)
    Path("curl.out").write_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
    names = ["cassette.txt", "page.json", "vcr.txt", "body.har", "curl.out"]
    ran = run("import", *names)
    assert 0 == ran.returncode, ran.stderr
    for words in (
        "cassette.txt is a cassette",
        "page.json is a HAR",
        "vcr.txt is a cassette of VCR.py",
        "body.har is a body: event stream",
        "curl.out is a response with its head",
        "POST http://imported.invalid/v1/chat/completions",
    ):
        assert words in ran.stderr
    assert 7 == ran.stderr.count("imported ")
    assert 7 == len(json.loads(run("ls", "--json").stdout))
    assert 0 == run("import", *names).returncode
    assert 7 == len(json.loads(run("ls", "--json").stdout))
    assert "Hello" == run("show", "body", "--text").stdout.strip()


def test_import_takes_all_files_or_none() -> None:
    """A broken one costs nothing but itself."""
    Path("fine.sse").write_bytes(BODY)
    Path("broken.har").write_text('{"log": {"entries": [1]}}', "utf-8")
    fails_well(run("import", "fine.sse", "broken.har"), "broken.har: log: entries[0]")
    assert not Path("streamlab.db").exists()


def test_import_prints_no_control_character_of_a_file() -> None:
    """A URL may hold anything."""
    har = json.loads((DATA / "chrome.har").read_text("utf-8"))
    har["log"]["entries"][1]["request"]["url"] = "https://a.example/\x1b[2J"
    Path("evil.har").write_text(json.dumps(har), "utf-8")
    ran = run("import", "evil.har")
    assert 0 == ran.returncode
    assert "\x1b" not in ran.stderr
    har["log"]["entries"][1]["startedDateTime"] = "\x1b[2J"
    Path("evil.har").write_text(json.dumps(har), "utf-8")
    ran = run("import", "evil.har")
    fails_well(ran, "is no time")
    assert "\x1b" not in ran.stderr


def test_import_with_url_and_all() -> None:
    """--url and -X say what a body answered; --all takes what is no stream."""
    Path("body.sse").write_bytes(BODY)
    assert 0 == run("import", "body.sse", "--url", "https://a.example/x", "-X", "get").returncode
    with Library("streamlab.db") as library:
        recording = library.load("latest")
    assert ("GET", "https://a.example/x") == (recording.request.method, recording.request.url)
    shutil.copy(DATA / "chrome.har", "page.har")
    assert 2 == run("import", "page.har").stderr.count("imported ")
    assert 3 == run("import", "page.har", "--all", "--db", "all.db").stderr.count("imported ")


def test_an_imported_body_is_replayed_at_a_made_up_pace() -> None:
    """--tps and the like move what has no times, and only that; the bytes stay."""
    Path("body.sse").write_bytes(BODY)
    Path("timed.jsonl").write_text(dumps([make_recording(b"x", url="http://a/timed")]), "utf-8")
    assert 0 == run("import", "body.sse", "timed.jsonl").returncode
    pace = ("--ttft-ms", "30", "--itl-ms", "10", "--jitter", "0.5", "--seed", "7")
    with replaying(*pace) as (url, server):
        ran = run("record", f"{url}/v1/chat/completions", "-d", "{}", "--db", "again.db")
        assert (0, "Hello") == (ran.returncode, ran.stdout), ran.stderr
        server.terminate()
        _, told = server.communicate(timeout=30)
    assert "times made up for 1 of 2; the others have their own" in told
    with Library("again.db") as library:
        again = library.load("latest")
    assert BODY == again.body
    assert 3 == len(again.reads)
    assert again.reads[0].at_ns >= 15_000_000
    assert again.reads[-1].at_ns >= 25_000_000


@pytest.mark.parametrize(
    "options",
    [("--itl-ms", "1", "--tps", "1"), ("--tps", "0"), ("--jitter", "0.1"), ("--ttft-ms", "-1")],
)
def test_what_is_no_pace(options: tuple[str, ...]) -> None:
    """Two speeds, none, negative ones."""
    fails_well(run("replay", *options), "hint: ")


def test_record_from_curl() -> None:
    """As copied from a browser: sent as it is but for the coding, which stderr says."""
    with serve([make_recording(BODY, url="http://a/chat")], speed=0) as server:
        command = (
            f"curl '{server.url}/chat' \\\n  -H 'accept-encoding: gzip, br' \\\n"
            "  -H 'authorization: Bearer secret-123' \\\n"
            '  --data-raw $\'{"q":"It\\\'s"}\' --compressed'
        )
        Path("command.txt").write_text(command, "utf-8")
        for given, stdin in ((command, ""), ("@command.txt", ""), ("@-", command)):
            ran = run("record", "--from-curl", given, input=stdin)
            assert (0, "Hello") == (ran.returncode, ran.stdout), ran.stderr
            assert "accept-encoding (gzip, br) is left out" in ran.stderr
    with Library("streamlab.db") as library:
        recording = library.load("latest")
    assert b'{"q":"It\'s"}' == recording.request.body
    headers = recording.request.headers
    assert "identity" == header_value(headers, "accept-encoding")
    assert "Bearer [redacted]" == header_value(headers, "authorization")


def test_record_from_curl_reads_what_the_command_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """-d @FILE and $VARIABLES."""
    Path("body.json").write_text('{"a": 1}\n', "utf-8")
    with serve([make_recording(BODY, url="http://a/chat")], speed=0) as server:
        monkeypatch.setenv("STREAMLAB_TEST_PATH", "chat")
        command = f'curl "{server.url}/$STREAMLAB_TEST_PATH" -d @body.json'
        assert 0 == run("record", "--from-curl", command).returncode
    with Library("streamlab.db") as library:
        assert b'{"a": 1}' == library.load("latest").request.body


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from-curl", "curl --socks5 x https://a.example"], "--socks5"),
        (["--from-curl", "@none.txt"], "none.txt"),
        (["--from-curl", "curl https://a.example", "-H", "A: b"], "the whole request"),
        (["https://a.example", "--from-curl", "curl https://a.example"], "the whole request"),
        (["--from-curl", "curl https://a.example/$STREAMLAB_NOT_SET"], "$STREAMLAB_NOT_SET"),
    ],
)
def test_record_refuses_curl_commands(arguments: list[str], words: str) -> None:
    """With what is the matter."""
    fails_well(run("record", *arguments), words)


def test_curl_output_comes_back() -> None:
    """`curl -iN` of a replay, imported: status, headers and bytes as served."""
    with serve([make_recording(BODY, url="http://a/chat")], speed=0) as server:
        command = ["curl", "-siN", f"{server.url}/chat", "-d", "{}"]
        said = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    Path("saved.txt").write_bytes(said)
    assert 0 == run("import", "saved.txt").returncode
    with Library("streamlab.db") as library:
        recording = library.load("saved")
    assert BODY == recording.body
    assert recording.response is not None
    assert "text/event-stream" == header_value(recording.response.headers, "content-type")
