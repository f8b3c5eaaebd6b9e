"""`streamlab replay … -- CMD`: a program and the SDKs in it ask the replay, and nothing else
changes for it. And the options of keys and TLS, as they are given."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamlab.cassette import dumps
from streamlab.record.command import BASE_URLS, replayed_environment
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, chat_event, make_recording
from tests.sdk_streams import STREAMS, TEXTS

CHAT = "chat.jsonl"

# Every SDK finds its base URL and a key in the environment.
ASK = """
import sys
import anthropic, groq, ollama, openai
print("to stderr", file=sys.stderr)
asked = dict(model="m", messages=[{"role": "user", "content": "Hi"}])
for client in (openai.OpenAI(), groq.Groq()):
    print(client.chat.completions.create(**asked).choices[0].message.content)
print(anthropic.Anthropic().messages.create(max_tokens=9, **asked).content[0].text)
print("".join(part.message.content for part in ollama.chat(**asked, stream=True)))
sys.exit(7)
"""


@pytest.fixture
def _chat() -> None:
    Path(CHAT).write_text(dumps([make_recording(chat_event("a"), DONE)]), "utf-8")


def replay(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "streamlab", "replay", "--speed", "instant", *words]
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run(
        command,
        env={**kept, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def test_a_programs_sdks_ask_the_replay() -> None:
    """Without a key of its own; its output and its exit code are its own."""
    names = ("openai-chat", "groq-chat", "anthropic-messages", "ollama-chat")
    Path("all.jsonl").write_text(dumps([STREAMS[name] for name in names]), "utf-8")
    ran = replay("all.jsonl", "--", sys.executable, "-c", ASK)
    expected = (7, "".join(f"{TEXTS[name]}\n" for name in names))
    assert expected == (ran.returncode, ran.stdout), ran.stderr
    told = ran.stderr.splitlines()
    assert "to stderr" == told[0]
    assert f"POST /openai/v1/chat/completions {STREAMS['groq-chat'].id}" in told
    assert "answered 4 of 4 requests" in told


@pytest.mark.usefixtures("_chat")
def test_misses_are_told_at_the_end() -> None:
    """After what was answered, each kind once; the exit code is the command's."""
    asking = "for path in x chat/completions chat/completions; do " \
             "curl -so /dev/null $OPENAI_BASE_URL/$path -d '{}'; done; exit 0"  # fmt: skip
    ran = replay(CHAT, "--", "sh", "-c", asking)
    assert (0, "") == (ran.returncode, ran.stdout)
    assert [
        "POST /v1/chat/completions 0123456789ab, 2 times",
        "POST /v1/x no recording",
        "answered 2 of 3 requests",
    ] == ran.stderr.splitlines()[:3]


@pytest.mark.usefixtures("_chat")
def test_the_key_is_given_to_a_program_that_has_none() -> None:
    """One of its own is its own; then that it is refused is told."""
    asking = 'curl -s -H "Authorization: Bearer $OPENAI_API_KEY" $OPENAI_BASE_URL/models/m'
    words = (CHAT, "--api-key", "sk-mine", "--", "sh", "-c", asking)
    assert '"id": "m"' in replay(*words).stdout
    refused = replay(*words, OPENAI_API_KEY="sk-other")
    assert "invalid_api_key" in refused.stdout
    assert "GET /v1/models/m no such key" in refused.stderr
    assert "answered 0 of 1 request\n" in refused.stderr
    assert "sk-" not in refused.stderr


@pytest.mark.usefixtures("_chat")
def test_a_signal_reaches_the_command() -> None:
    """It ends by it, and the replay with it."""
    command = [sys.executable, "-m", "streamlab", "replay", CHAT, "--", "sh", "-c",
               "echo ready; exec cat"]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as replayed:
        assert replayed.stdout is not None
        assert replayed.stderr is not None
        assert b"ready\n" == replayed.stdout.readline()
        replayed.send_signal(signal.SIGTERM)
        replayed.wait(timeout=30)
        told = replayed.stderr.read()
    assert 128 + signal.SIGTERM == replayed.returncode
    assert b"answered 0 of 0 requests" in told


@pytest.mark.usefixtures("_chat")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([CHAT, "--", "no-such-program", "x"], ["cannot run no-such-program", "PATH"]),
        (["--api-key", "", CHAT], ["no header can hold"]),
        (["--tls-cert", "c.pem", CHAT], ["--tls-key", "both"]),
        (["--tls-key", "k.pem", CHAT], ["--tls-cert", "both"]),
        (["--tls-cert", "none.pem", "--tls-key", CHAT, CHAT], ["none.pem", "No such file"]),
        (["--tls-cert", CHAT, "--tls-key", CHAT, CHAT], [CHAT, "openssl req"]),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_bad_input(words: list[str], expected: list[str]) -> None:
    """What was wrong, where, and what to do next."""
    fails_well(run("replay", *words), *expected)


def test_a_key_that_does_not_fit(certificate: tuple[Path, Path]) -> None:
    """One of another certificate, and one that is encrypted: nobody is asked for its password."""
    cert, key = certificate
    make = ["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-out", "other.pem"]
    subprocess.run(make, capture_output=True, check=True)
    make = ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:x", "-out", "secret.pem"]
    subprocess.run(make, capture_output=True, check=True)
    options = ("proxy", "--upstream", "http://a", "--tls-cert", cert, "--tls-key")
    fails_well(run(*options, "other.pem"), "other.pem is not that of the certificate", "the key")
    fails_well(run(*options, "secret.pem"), "secret.pem is encrypted", "decrypt it")


def test_no_command_after_the_dashes() -> None:
    """Is wrong usage: it would be easy to miss that nothing ran."""
    ran = run("replay", CHAT, "--")
    assert 2 == ran.returncode
    assert "no command after --" in ran.stderr


@pytest.mark.parametrize("verb", [("replay", CHAT), ("proxy", "--upstream", "http://127.0.0.1:1")])
@pytest.mark.usefixtures("_chat")
def test_tls_on_the_command_line(verb: tuple[str, ...], certificate: tuple[Path, Path]) -> None:
    """The URL is an https one, and curl trusts it by the certificate."""
    cert, key = certificate
    command = [sys.executable, "-m", "streamlab", *verb, "--port", "0",
               "--tls-cert", cert, "--tls-key", key]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        curl = ["curl", "-s", "--cacert", cert, f"{url}/v1/models", "-w", "%{http_code}"]
        answer = subprocess.run(curl, capture_output=True, check=True, timeout=30).stdout
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    assert url.startswith("https://127.0.0.1:")
    assert (b"200" if verb[0] == "replay" else b"502") == answer[-3:]
    assert 0 == server.returncode


def test_every_variable_points_at_the_replay() -> None:
    """With the path that its SDK expects, and past any proxy; keys only where there are none."""
    environment = {"OPENAI_BASE_URL": "http://a:1/base", "NO_PROXY": "c", "GROQ_API_KEY": "gsk",
                   "ANTHROPIC_AUTH_TOKEN": "t", "OPENAI_API_KEY": ""}  # fmt: skip
    changed = replayed_environment(environment, "http://127.0.0.1:9", "any")
    assert {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "GROQ_BASE_URL": "http://127.0.0.1:9",
        "TOGETHER_BASE_URL": "http://127.0.0.1:9/v1",
        "OLLAMA_HOST": "http://127.0.0.1:9",
        "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
        "OPENAI_API_KEY": "any",
        "GEMINI_API_KEY": "any",
        "GROQ_API_KEY": "gsk",
        "NO_PROXY": "c,127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }.items() <= changed.items()
    assert "ANTHROPIC_API_KEY" not in changed
    assert {base.variable for base in BASE_URLS} <= changed.keys()
