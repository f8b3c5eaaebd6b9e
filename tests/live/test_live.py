"""The whole tool against a real LLM server: llama.cpp with a small model, through the real CLI."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

import pytest

from streamlab import sse
from streamlab.analysis import analyze
from streamlab.finding import find, is_clean
from streamlab.recording import Recording
from streamlab.store import Library

pytestmark = pytest.mark.live

CHAT = "/v1/chat/completions"
# No command below takes nearly as long; one that hangs fails its test instead of blocking it.
WAIT_S = 60


def command(*arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "streamlab", *arguments]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the CLI to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, encoding="utf-8", timeout=WAIT_S, check=False
    )


@contextmanager
def running(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """The CLI while it runs, its pipes unbuffered: what is not read here is left to communicate().
    Killed at the end if it still runs."""
    with subprocess.Popen(
        command(*arguments), bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def chat_body(prompt: str, max_tokens: int, **options: object) -> str:
    """A streaming request with usage. `ignore_eos` and `grammar` are options of llama.cpp's."""
    body = {
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    return json.dumps(body | options)


LONG_BODY = chat_body("Tell me a long story.", 400, ignore_eos=True)
ENDLESS_BODY = chat_body("Tell me a long story.", 1900, ignore_eos=True)


def load(db: Path, which: str = "latest") -> Recording:
    with Library(db) as library:
        return library.load(which)


def committed_reads(db: Path) -> int:
    with Library(db) as library:
        return sum(summary.reads or 0 for summary in library.summaries())


def end_reason(recording: Recording) -> str | None:
    return None if recording.end is None else recording.end.reason


@pytest.fixture(scope="module")
def long_db(llm_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one recording of 400 tokens."""
    db = tmp_path_factory.mktemp("long") / "long.db"
    done = run("record", "--db", db, llm_url + CHAT, "-d", LONG_BODY)
    assert 0 == done.returncode, done.stderr
    return db


def test_short_answer(llm_url, tmp_path):
    """What is printed live is what is stored, and every byte of it has a meaning."""
    db = tmp_path / "lab.db"
    asked = ("--chat", "Say hello.", "--model", "smollm2", "--max-tokens", "24")
    done = run("record", "--db", db, "--base-url", f"{llm_url}/v1", *asked)
    assert 0 == done.returncode, done.stderr

    recording = load(db)
    analysis = analyze(recording)
    assert "complete" == end_reason(recording)
    assert "openai.chat" == analysis.dialect
    assert "usage" == analysis.token_source
    assert 1 < analysis.output_tokens <= 24
    assert 0 < analysis.ttft_ns < analysis.total_ns
    assert analysis.text
    assert done.stdout == analysis.text
    assert is_clean(find(recording))

    covered = 0
    for item in sorted(sse.decode(recording.body), key=lambda item: item.start):
        assert item.start <= covered
        covered = max(covered, item.stop)
    assert len(recording.body) == covered
    assert recording.body.endswith(b"data: [DONE]\n\n")


def test_400_tokens(long_db):
    """The tokens are those the server states, and the gaps add up to the time between them."""
    analysis = analyze(load(long_db))
    assert 400 == analysis.output_tokens
    assert "usage" == analysis.token_source
    # A character of several tokens comes as one event.
    assert 380 <= analysis.output_events <= 400
    assert analysis.output_events - 1 == analysis.gaps.n
    assert analysis.latency_ns - analysis.ttft_ns == sum(analysis.gaps_ns)


def test_non_ascii_text(llm_url, tmp_path):
    """Text beyond ASCII, line separators included, is what a plain reading of the JSON gives."""
    db = tmp_path / "lab.db"
    expected = "Grüße, 你好世界。 👩\u200d🚀🇯🇵 e\u0301 שלום\u2028नमस्ते\u0085."
    body = chat_body("Greet me.", 200, grammar=f'root ::= "{expected}"')
    done = run("record", "--db", db, llm_url + CHAT, "-d", body)
    assert 0 == done.returncode, done.stderr

    recording = load(db)
    payloads = [line[6:] for line in recording.body.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for payload in payloads for choice in json.loads(payload)["choices"]]
    spoken = "".join(choice["delta"].get("content") or "" for choice in choices)
    analysis = analyze(recording)
    assert expected == spoken
    assert expected == analysis.text
    assert is_clean(find(recording))


def test_http_error(llm_url, tmp_path):
    """An HTTP error is a finding: recorded to its end, and its message shown."""
    db = tmp_path / "lab.db"
    done = run("record", "--db", db, llm_url + CHAT, "-d", '{"messages": "hello"}')
    assert 1 == done.returncode

    recording = load(db)
    message = json.loads(recording.body)["error"]["message"]
    assert recording.response.status >= 400
    assert "complete" == end_reason(recording)
    assert (message,) == analyze(recording).errors
    assert message in done.stderr


def test_client_that_hangs_up(llm_url, tmp_path):
    """Ctrl-C ends a recording, which keeps all that was printed until then."""
    db = tmp_path / "lab.db"
    with running("record", "--db", db, llm_url + CHAT, "-d", ENDLESS_BODY) as recorder:
        first = recorder.stdout.read(1)
        recorder.send_signal(signal.SIGINT)
        rest, _ = recorder.communicate(timeout=WAIT_S)
    assert 1 == recorder.returncode

    recording = load(db)
    printed = (first + rest).decode()
    assert "client_closed" == end_reason(recording)
    assert printed
    assert analyze(recording).text.startswith(printed)
    assert b"[DONE]" not in recording.body


def test_killed_recorder(llm_url, tmp_path):
    """After kill -9 the library opens and holds what it held before, with an end that says so."""
    db = tmp_path / "lab.db"
    with running("record", "--db", db, llm_url + CHAT, "-d", ENDLESS_BODY) as recorder:
        # A read is printed when it was handed to the store, which commits it a moment later.
        while recorder.stdout.read(1) and not committed_reads(db):
            pass
        before = load(db)
        recorder.kill()
    assert -signal.SIGKILL == recorder.returncode
    assert None is before.end

    listing = run("ls", "--db", db)
    assert 0 == listing.returncode, listing.stderr
    assert before.id in listing.stdout
    assert "recorder_died" in listing.stdout
    recording = load(db)
    assert "recorder_died" == end_reason(recording)
    assert before.reads == recording.reads[: len(before.reads)]
    assert analyze(recording).text


def test_four_at_once(llm_url, tmp_path):
    """Four recorders that begin at once make one library, and each recording is whole."""
    db = tmp_path / "lab.db"

    def record(name: str) -> subprocess.CompletedProcess[str]:
        body = chat_body(f"Tell me about {name}.", 40, ignore_eos=True)
        return run("record", "--db", db, "--name", name, llm_url + CHAT, "-d", body)

    names = ["cats", "Rome", "rain", "chess"]
    with ThreadPoolExecutor(len(names)) as pool:
        done = dict(zip(names, pool.map(record, names), strict=True))
    assert [0] * 4 == [recorder.returncode for recorder in done.values()], done

    with Library(db) as library:
        analyses = [analyze(recording) for recording in library.load_all(names)]
    assert names == [analysis.name for analysis in analyses]
    assert ["complete"] * 4 == [analysis.end.reason for analysis in analyses]
    assert [40] * 4 == [analysis.output_tokens for analysis in analyses]
    assert [done[name].stdout for name in names] == [analysis.text for analysis in analyses]


def replayed(long_db: Path, speed: str, db: Path) -> Recording:
    """The recording of a replay of the long answer."""
    options = ("--port", "0", "--speed", speed)
    with running("replay", "--db", long_db, *options) as server:
        url = server.stdout.readline().decode().strip()
        done = run("record", "--db", db, url + CHAT, "-d", LONG_BODY)
        server.terminate()
        assert 0 == server.wait(WAIT_S)
    assert 0 == done.returncode, done.stderr
    return load(db)


def test_replay(long_db, tmp_path):
    """A replay, recorded again, has the same reads with the same boundaries and the same end."""
    original, again = load(long_db), replayed(long_db, "10x", tmp_path / "again.db")
    assert [read.data for read in original.reads] == [read.data for read in again.reads]
    assert end_reason(original) == end_reason(again)


def test_replay_without_waiting(long_db, tmp_path):
    """At once, the bytes and the end are the same, and no two reads become one.

    One may become two: a reader that falls behind takes 64 KiB at a time, wherever that ends.
    """
    original, again = load(long_db), replayed(long_db, "instant", tmp_path / "again.db")
    assert original.body == again.body
    assert boundaries(original) <= boundaries(again)
    assert end_reason(original) == end_reason(again)


def boundaries(recording: Recording) -> set[int]:
    return set(accumulate(len(read.data) for read in recording.reads))


def test_credentials_are_stored_nowhere(llm_url, tmp_path):
    """Keys in the Authorization header and in the URL are in no file that streamlab writes."""
    db, cassette = tmp_path / "lab.db", tmp_path / "lab.jsonl"
    header_key, query_key = "sk-live-0123456789abcdef", "query-0123456789abcdef"
    body = chat_body("Say hello.", 8)
    # An open library keeps -wal and -shm in place when the recorder has closed its own.
    with Library(db, create=True):
        done = run(
            *("record", "--db", db, f"{llm_url}{CHAT}?api_key={query_key}", "-d", body),
            *("-H", f"Authorization: Bearer {header_key}"),
        )
        assert 0 == done.returncode, done.stderr
        exported = run("export", "--db", db, "-o", cassette)
        assert 0 == exported.returncode, exported.stderr
        files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    assert {"lab.db", "lab.db-wal", "lab.db-shm", "lab.jsonl"} == set(files)
    for kept in (b"api_key=", b"Bearer [redacted]"):
        assert kept in files["lab.db"] + files["lab.db-wal"]
        assert kept in files["lab.jsonl"]
    everything = b"".join(files.values()) + (done.stdout + done.stderr).encode()
    for key in (header_key, query_key):
        assert key.encode() not in everything
