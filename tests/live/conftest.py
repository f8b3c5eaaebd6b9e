"""Starts the real LLM server, once for all live tests."""

import select
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-live" / "bin" / "python"
START_S = 60
STOP_S = 10


@pytest.fixture(scope="session")
def llm_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a llama.cpp server on a free port; it is stopped after the last test."""
    if not PYTHON.exists():
        pytest.skip("run `make test-live`: it installs the real LLM server")
    port = free_port()
    log = tmp_path_factory.mktemp("llm") / "server.log"
    command = [PYTHON, HERE / "llm_server.py", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("no_proxy", "127.0.0.1")
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(server, url, log)
            yield url
        finally:
            stop(server)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the server says that it listens, then until it answers; both not for ever."""
    assert server.stdout is not None
    readable, _, _ = select.select([server.stdout], [], [], START_S)
    said = server.stdout.readline() if readable else b""
    if said != b"listening\n":
        pytest.fail(f"the LLM server did not start; it wrote:\n{log.read_text(errors='replace')}")
    httpx.get(f"{url}/health", timeout=START_S).raise_for_status()


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, and do not wait for ever."""
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
