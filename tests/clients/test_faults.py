"""What each client makes of each fault, and that it is healed when `times` runs out: the third
table of docs/clients.md."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from streamlab.fault.kind import KINDS
from streamlab.recording import Recording
from tests.clients.cast import (
    AIOHTTP,
    CHROMIUM_WHOLE,
    HTTPX,
    NODE_NAIVE,
    NODE_WHOLE,
    OPENAI_NODE,
    OPENAI_PYTHON,
    REQUESTS,
    Answer,
    Cast,
    at_route,
    serve_with_pages,
)
from tests.clients.table import rendered, said, written
from tests.clients.test_breaks import curl
from tests.conftest import DONE, chat_event, make_recording

pytestmark = pytest.mark.clients

CLIENTS = {
    "httpx": HTTPX,
    "requests": REQUESTS,
    "aiohttp": AIOHTTP,
    "openai-python": OPENAI_PYTHON,
    "Node fetch": NODE_WHOLE,
    "Node fetch, naive": NODE_NAIVE,
    "openai-node": OPENAI_NODE,
    "Chromium fetch": CHROMIUM_WHOLE,
}
COLUMNS = (*CLIENTS, "curl")

WORDS = ("Grüße", ", ", "世界", "!")
TEXT = "".join(WORDS)
EVENTS = (*map(chat_event, WORDS), DONE)
# Of those that wait, long enough to be noticed.
SPECS = {
    **{name: kind.example.removesuffix(",times=1") for name, kind in KINDS.items()},
    "stall": "stall:after=3,ms=4000",
    "slow_close": "slow_close:ms=4000",
    "latency": "latency:ms=4000",
    "bandwidth": "bandwidth:bytes_per_s=4000",
    "reorder": "reorder:after=1",
    "ping": "ping:every_events=2",
    "html": "html",
    "http_error": "http_error:status=429,retry_after=0",
}
# What comes after [DONE] hardly a client sees: these are shown on a stream that has none.
AT_THE_END = {"no_final_chunk", "slow_close"}
IMPATIENT = {"hang", "stall", "latency", "slow_close"}
# Chromium and aiohttp need a moment for what is in pieces, and for a bad chunk size.
PATIENCE_S = 3


def recording(fault: str) -> Recording:
    """Framed by HTTP chunks, an event every 10 ms."""
    events = EVENTS[:-1] if fault in AT_THE_END else EVENTS
    headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
    return make_recording(*events, headers=headers, gap_ns=10_000_000)


def test_faults(cast: Cast, pytestconfig: pytest.Config) -> None:
    """The first answer is broken, and the client says what the page has; the second is whole."""
    if not shutil.which("curl"):
        pytest.skip("no curl, which has a column of its own: install it")
    routes = {each: f"/{n}" for n, each in enumerate(product(SPECS, COLUMNS))}
    served = {
        each: at_route(f"{route}/chat/completions", recording(each[0]))
        for each, route in routes.items()
    }

    def ask(fault: str, column: str, timeout_s: float) -> Answer:
        base_url = f"{server.url}{routes[fault, column]}"
        if column == "curl":
            return curl(base_url, timeout_s, recording(fault).body, TEXT)
        return cast.ask(CLIENTS[column], base_url, timeout_s=timeout_s)

    def ask_all(fault: str, timeout_s: float) -> list[str]:
        with ThreadPoolExecutor(len(COLUMNS)) as pool:
            answers = pool.map(lambda column: ask(fault, column, timeout_s), COLUMNS)
        return [said(answer, TEXT) for answer in answers]

    def row(fault: str) -> dict[str, str]:
        first = ask_all(fault, 1 if fault in IMPATIENT else PATIENCE_S)
        second = ask_all(fault, 20)
        assert ["whole"] * len(COLUMNS) == second, f"{fault} is not healed"
        shown = dict(zip(COLUMNS, first, strict=True))
        return shown | {"curl": shown["curl"].replace("loses text", "other bytes")}

    with serve_with_pages(list(served.values()), speed=1) as server:
        for (fault, _), each in served.items():
            options = f"times=1,on={each.id}"
            server.fault(f"{SPECS[fault]}{',' if ':' in SPECS[fault] else ':'}{options}")
        table = {f"`{SPECS[fault]}`": row(fault) for fault in SPECS}
    made = rendered("fault", table)
    # Which error a client names can be a race on a busy machine; that it notices is none.
    assert noticed(written(pytestconfig, "faults", made)) == noticed(made)


def noticed(table: str) -> list[list[str]]:
    """Of each row the fault, and of each client whether it saw the whole."""
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return [[row[0], *("whole" if cell == "whole" else "" for cell in row[1:])] for row in rows]
