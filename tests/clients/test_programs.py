"""The clients as the programs that they are: arguments, text on stdout, exit codes."""

import os
import re
import subprocess
import sys

import pytest

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.recording import Recording
from streamlab.replay import serve
from tests.clients.cast import EXAMPLES, PYTHON, node
from tests.conftest import FIXTURES

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("cast")]

# A system that its documentation reads that way, the base URL's path, and the API if not OpenAI's.
PROGRAMS = {
    "openai_sdk.py": ("savegate-chat", "/v1", ""),
    "openai_sdk_async.py": ("assisters-chat", "/v1", ""),
    "httpx_lines.py": ("selamgpt-chat", "/v1", ""),
    "httpx_lines_async.py": ("fastgpt-plain", "/api/v1", ""),
    "httpx_sse_events.py": ("fastgpt-tools", "/api/v2", "fastgpt"),
    "requests_sseclient.py": ("sekuire-chat", "", "sekuire"),
    "aiohttp_lines.py": ("assisters-raw", "", "assisters"),
    "urllib_lines.py": ("savegate-express", "", "savegate"),
    "openai_sdk.mjs": ("selamgpt-chat", "/v1", ""),
    "fetch_naive.mjs": ("savegate-express", "", "savegate"),
    "fetch_whole.mjs": ("fastgpt-tools", "/api/v2", "fastgpt"),
}


OTHER_PROGRAMS = {"httpx_retry.py", "httpx_early_stop.py"}


def test_every_program_is_run_here() -> None:
    """What has a main part is a program."""
    main = re.compile(r'__name__ == "__main__"|import\.meta\.main')
    files = [path for suffix in (".py", ".mjs") for path in EXAMPLES.glob(f"*{suffix}")]
    programs = {path.name for path in files if main.search(path.read_text("utf-8"))}
    assert PROGRAMS.keys() | OTHER_PROGRAMS == programs


def load(name: str) -> Recording:
    (recording,) = read_cassette(FIXTURES / f"systems/{name}.jsonl")
    return recording


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    interpreter = PYTHON if program.endswith(".py") else node()
    return subprocess.run(
        [interpreter, EXAMPLES / program, *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("program", "system"), PROGRAMS.items(), ids=PROGRAMS.keys())
def test_prints_the_text(program: str, system: tuple[str, str, str]) -> None:
    """At ten times the recorded pace, to the end."""
    name, path, api = system
    recording = load(name)
    with serve([recording], speed=10) as server:
        ran = run(program, server.url + path, "Hello", *[api] * bool(api))
    assert (0, analyze(recording).text) == (ran.returncode, ran.stdout), ran.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_fails_where_no_recording_answers(program: str) -> None:
    """A 503 that says why: no text, and an exit code that is not 0."""
    with serve([load("savegate-express")], speed=0) as server:
        ran = run(program, f"{server.url}/v1")
    assert 0 != ran.returncode
    assert "" == ran.stdout
    assert "503" in ran.stderr


def test_retry_gets_through() -> None:
    """A 429 and a dropped connection later it prints the answer, and nothing of the dropped one."""
    met = [load(name) for name in ("selamgpt-rate-limited", "selamgpt-dropped", "selamgpt-chat")]
    with serve(met, speed=0) as server:
        ran = run("httpx_retry.py", f"{server.url}/v1", "How do I greet a friend in Amharic?")
    assert (0, analyze(met[-1]).text) == (ran.returncode, ran.stdout), ran.stderr


def test_early_stop_leaves() -> None:
    """It prints the beginning and hangs up; the server sees it leave."""
    stopped = load("selamgpt-early-stop")
    cassette = FIXTURES / "systems/selamgpt-early-stop.jsonl"
    command = [sys.executable, "-m", "streamlab", "replay", cassette, "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stderr is not None
            ran = run("httpx_early_stop.py", f"{server.stdout.readline().strip()}/v1")
            assert "the client left" in next(line for line in server.stderr if stopped.id in line)
        finally:
            server.terminate()
    assert 0 == ran.returncode, ran.stderr
    assert 20 <= len(ran.stdout) < 40
    assert analyze(stopped).text.startswith(ran.stdout)
