"""What all tests share."""

import json
import os
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from streamlab._http1 import server_tls
from streamlab.recording import End, Read, Recording, Request, Response
from streamlab.store import Library
from tests.certificate import make_certificate

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASSETTES = sorted(FIXTURES.rglob("*.jsonl"))

# Hypothesis would fail an example that takes long: no test is about speed.
settings.register_profile("streamlab", deadline=None)
settings.load_profile("streamlab")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="write the golden files anew, to be reviewed"
    )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A new, empty library."""
    with Library(tmp_path / "library.db", create=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for loopback, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """The server's side of TLS with that certificate."""
    return server_tls(*certificate)


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """A client's side that trusts it."""
    return ssl.create_default_context(cafile=str(certificate[0]))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the developer's library, keys or proxies, or writes into the checkout."""
    for name in ("STREAMLAB_DB", "OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy",
                 "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
                 "SSL_CERT_FILE", "SSL_CERT_DIR", "COLUMNS"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def make_recording(
    *pieces: bytes,
    gap_ns: int = 10_000_000,
    reason: str = "complete",
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (
        ("Content-Type", "text/event-stream"),
        ("Transfer-Encoding", "chunked"),
    ),
    method: str = "POST",
    url: str = "https://api.example/v1/chat/completions",
    body: bytes = b'{"model": "m", "stream": true}',
    recording_id: str = "0123456789ab",
    name: str = "",
) -> Recording:
    """A recording whose reads are `pieces`, the first after one gap, the end after another."""
    return Recording(
        id=recording_id,
        name=name,
        source="test",
        started_at="2026-01-01T00:00:00.000Z",
        request=Request(
            method=method, url=url, headers=(("Content-Type", "application/json"),), body=body
        ),
        response=Response(status=status, headers=headers, at_ns=gap_ns // 2),
        reads=tuple(
            Read(at_ns=gap_ns * number, data=data) for number, data in enumerate(pieces, start=1)
        ),
        end=End(at_ns=gap_ns * (len(pieces) + 1), reason=reason),  # type: ignore[arg-type]
    )


def chat_event(content: str) -> bytes:
    """One chat.completion.chunk as an event."""
    return (
        b'data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":'
        b'[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n' % content.encode()
    )


FINISH = (
    b'data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":'
    b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
DONE = b"data: [DONE]\n\n"


def held() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    return threading.active_count(), len(os.listdir("/dev/fd"))  # noqa: PTH208 - only their number


def json_lines(name: str) -> list[dict[str, Any]]:
    """The cases of a data file."""
    text = (Path(__file__).parent / "data" / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]
