"""What each client says where the transport breaks: the first table of docs/clients.md."""

import shutil
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from streamlab.recording import Recording
from tests.clients.cast import (
    AIOHTTP,
    CHROMIUM_WHOLE,
    HTTPX,
    NODE_WHOLE,
    OPENAI_NODE,
    OPENAI_PYTHON,
    REQUESTS,
    URLLIB,
    Answer,
    Cast,
    at_route,
    serve_with_pages,
)
from tests.clients.table import rendered, said, written
from tests.conftest import chat_event, make_recording

pytestmark = pytest.mark.clients

COLUMNS = {
    "httpx": HTTPX,
    "requests": REQUESTS,
    "aiohttp": AIOHTTP,
    "urllib": URLLIB,
    "openai-python": OPENAI_PYTHON,
    "Node fetch": NODE_WHOLE,
    "openai-node": OPENAI_NODE,
    "Chromium fetch": CHROMIUM_WHOLE,
}

TEXT = "Good day"
EVENTS = (chat_event("Good"), chat_event(" day"))
BODY = b"".join(EVENTS)
CHUNKED = ("Transfer-Encoding", "chunked")
GZIP = ("Content-Encoding", "gzip")
SILENCE_S = 1
# What aiohttp needs to find out that a bad chunk size is the end.
PATIENCE_S = 3
# Some errors go by whether the break comes with the head: it comes this much later.
GAP_NS = 40_000_000


def gzip_cut() -> tuple[bytes, ...]:
    """Both events, flushed each; what ends a gzip body (RFC 1952, 2.3.1) never comes."""
    encoder = zlib.compressobj(wbits=31)
    return tuple(encoder.compress(event) + encoder.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS)


def broken(reason: str, *headers: tuple[str, str], pieces: tuple[bytes, ...] = EVENTS) -> Recording:
    headers = (("Content-Type", "text/event-stream"), *headers)
    return make_recording(*pieces, reason=reason, headers=headers, gap_ns=GAP_NS)


BREAKS = {
    "no last chunk": broken("truncated", CHUNKED),
    "shorter than Content-Length": broken("truncated", ("Content-Length", str(len(BODY) + 9))),
    "reset (RST)": broken("reset", CHUNKED),
    "bad chunk size": broken("protocol_error", CHUNKED),
    "silence": broken("timeout", CHUNKED),
    "cut, where the body ends with the connection": broken("truncated"),
    "says gzip, is not": broken("complete", CHUNKED, GZIP),
    "gzip without its end": broken("complete", CHUNKED, GZIP, pieces=gzip_cut()),
}


def curl(base_url: str, timeout_s: float, body: bytes = BODY, text: str = TEXT) -> Answer:
    """curl says it with its exit code; its output is the body, which holds the text."""
    url = f"{base_url}/chat/completions"
    ran = subprocess.run(
        ["curl", "-sN", "--compressed", "--max-time", str(timeout_s), url, "-d", "{}"],
        capture_output=True,
        check=False,
    )
    error = f"exit code {ran.returncode}" if ran.returncode else ""
    return Answer(text if ran.stdout == body else "", error)


def test_breaks(cast: Cast, pytestconfig: pytest.Config) -> None:
    """The name of the error that each client raises, or that there is none."""
    if not shutil.which("curl"):
        pytest.skip("no curl, which has a column of its own: install it")
    served = [at_route(f"/{n}/chat/completions", b) for n, b in enumerate(BREAKS.values())]

    def row(number: int, timeout_s: float) -> dict[str, str]:
        base_url = f"{server.url}/{number}"
        with ThreadPoolExecutor(len(COLUMNS) + 1) as pool:
            cells = {
                name: pool.submit(cast.ask, client, base_url, timeout_s=timeout_s)
                for name, client in COLUMNS.items()
            } | {"curl": pool.submit(curl, base_url, timeout_s)}
        return {name: said(cell.result(), TEXT) for name, cell in cells.items()}

    with serve_with_pages(served, speed=1) as server:
        table = {
            name: row(number, SILENCE_S if name == "silence" else PATIENCE_S)
            for number, name in enumerate(BREAKS)
        }
    made = rendered("break", table)
    assert written(pytestconfig, "breaks", made) == made
