"""A command behind the recording proxy: its streams are recorded, and it is not disturbed."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from streamlab.cassette import read_cassette
from streamlab.cli._request import is_command
from streamlab.errors import InputError
from streamlab.record.command import BASE_URLS, proxied_environment, upstreams_of
from streamlab.replay import serve
from streamlab.store import Library
from tests import raw_server
from tests.conftest import FIXTURES, chat_event
from tests.raw_server import HEAD, http_chunk, send
from tests.sdk_streams import STREAMS, TEXTS

# Every SDK finds its base URL in the environment.
ASK = """
import sys
import anthropic, groq, ollama, openai
print("to stderr", file=sys.stderr)
asked = dict(model="m", messages=[{"role": "user", "content": "Hi"}], stream=True)
key = "sk-secret-12345678"
for client in (openai.OpenAI(api_key=key), groq.Groq(api_key=key)):
    chunks = client.chat.completions.create(**asked)
    print("".join(c.choices[0].delta.content or "" for c in chunks if c.choices))
events = anthropic.Anthropic(api_key=key).messages.create(max_tokens=9, **asked)
print("".join(e.delta.text for e in events if e.type == "content_block_delta"))
print("".join(part.message.content for part in ollama.chat(**asked)))
sys.exit(7)
"""


def test_a_commands_streams_are_recorded(tmp_path: Path) -> None:
    """Its output, its exit code, and the upstreams that its environment named."""
    names = ("openai-chat", "groq-chat", "anthropic-messages", "ollama-chat")
    with serve([STREAMS[name] for name in names], speed=0) as server:
        environment = {
            **os.environ,
            "PYTHONIOENCODING": "utf-8",
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "GROQ_BASE_URL": server.url,
            "ANTHROPIC_BASE_URL": server.url,
            "OLLAMA_HOST": server.url.removeprefix("http://"),
        }
        command = [sys.executable, "-m", "streamlab", "record", "--tag", "t", "--", sys.executable]
        ran = subprocess.run(
            [*command, "-c", ASK], env=environment, capture_output=True, check=False
        )
    assert (7, "".join(f"{TEXTS[name]}\n" for name in names)) == (
        ran.returncode,
        ran.stdout.decode(),
    ), ran.stderr
    assert b"to stderr" in ran.stderr
    assert b"recorded 4 requests" in ran.stderr
    with Library("streamlab.db") as library:
        recordings = [library.load(summary.id) for summary in library.summaries()]
    paths = ("/v1/chat/completions", "/openai/v1/chat/completions", "/v1/messages", "/api/chat")
    assert [server.url + path for path in paths] == [each.request.url for each in recordings]
    assert [STREAMS[name].body for name in names] == [each.body for each in recordings]
    assert {("t",)} == {recording.tags for recording in recordings}
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("streamlab.db*"))
    assert b"sk-secret" not in stored


def test_a_signal_reaches_the_command() -> None:
    """It ends by it, and what it had read is recorded."""
    acts = [send(HEAD + http_chunk(chat_event("first"))), raw_server.wait_until_left]
    with raw_server.raw_server(*acts) as url:
        environment = {**os.environ, "OPENAI_BASE_URL": url}
        command = [sys.executable, "-m", "streamlab", "record", "--", "sh", "-c",
                   "exec curl -sN $OPENAI_BASE_URL/x"]  # fmt: skip
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as recorder:
            assert recorder.stdout is not None
            assert b"data: " == recorder.stdout.read(6)
            recorder.send_signal(signal.SIGTERM)
            recorder.communicate(timeout=30)
    assert 128 + signal.SIGTERM == recorder.returncode
    with Library("streamlab.db") as library:
        recording = library.load("latest")
    assert recording.end is not None
    assert ("client_closed", chat_event("first")) == (recording.end.reason, recording.body)


def test_a_command_that_is_not_there() -> None:
    """Is an error with a hint; nothing keeps running."""
    command = [sys.executable, "-m", "streamlab", "record", "--", "no-such-program", "x"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 2 == ran.returncode
    assert "error: cannot run no-such-program" in ran.stderr
    assert "hint: " in ran.stderr


def test_every_variable_points_at_the_proxy() -> None:
    """Those that are set keep their upstream, the others get the SDK's own; no proxy in between."""
    environment = {"OPENAI_BASE_URL": "http://a:1/base", "OLLAMA_HOST": "b:2", "NO_PROXY": "c"}
    upstreams = {upstream.prefix: upstream for upstream in upstreams_of(environment)}
    assert ("a:1", "/base") == (upstreams["openai"].authority, upstreams["openai"].base_path)
    assert "b:2" == upstreams["ollama"].authority
    assert "api.anthropic.com" == upstreams["anthropic"].authority
    assert "azure" not in upstreams
    changed = proxied_environment(environment, "http://127.0.0.1:9")
    assert "c,127.0.0.1,localhost" == changed["NO_PROXY"]
    for base in BASE_URLS:
        expected = f"http://127.0.0.1:9/{base.prefix}" if base.default else None
        assert expected == changed.get(base.variable)


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], False), (["http://a"], False), (["sh"], True), (["sh", "-c", "x"], True),
     (["no-such-program"], False), (["127.0.0.1:80"], False), (["no-such-program", "x"], True)],
)  # fmt: skip
def test_what_is_a_command(words: list[str], expected: bool) -> None:
    """A URL has a scheme; one word that is no program is a URL that lacks it."""
    assert expected is is_command(words)


def test_two_urls_are_refused() -> None:
    """Rather than taken for a command."""
    with pytest.raises(InputError):
        is_command(["http://a", "http://b"])


def test_repeating_a_request() -> None:
    """So often, so many at once, and a table of all."""
    (recorded,) = read_cassette(FIXTURES / "llama.cpp/short.jsonl")
    with serve([recorded], speed=0) as server:
        command = [sys.executable, "-m", "streamlab", "record", f"{server.url}/v1/chat/completions"]
        options = ["-d", "{}", "--repeat", "7", "--concurrency", "3", "--name", "many"]
        ran = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert 0 == ran.returncode, ran.stderr
    assert 8 == len(ran.stdout.splitlines())
    assert "recorded 7" in ran.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "streamlab", "ls", "--json"], capture_output=True, check=True
    )
    assert [("many", "complete", 12)] * 7 == [
        (line["name"], line["end_reason"], line["output_tokens"])
        for line in json.loads(listed.stdout)
    ]
    assert not [thread for thread in threading.enumerate() if "record" in thread.name]
