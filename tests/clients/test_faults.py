"""What each client makes of each fault, and that it is healed when `times` runs out: the third
table of docs/clients.md."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
# What is noticed by waiting takes three times as long as anybody waits.
SPECS = {
    **{name: kind.example.removesuffix(",times=1") for name, kind in KINDS.items()},
    "stall": "stall:after=3,ms=9000",
    "slow_close": "slow_close:ms=9000",
    "latency": "latency:ms=9000",
    "slice": "slice:at=utf8,gap_ms=100",
    "bandwidth": "bandwidth:bytes_per_s=4000",
    "reorder": "reorder:after=1",
    "ping": "ping:every_events=2",
    "html": "html",
    "http_error": "http_error:status=429,retry_after=0",
}
# What comes after [DONE] hardly a client sees: these are shown on a stream that has none.
AT_THE_END = {"no_final_chunk", "slow_close"}
# A client on a busy machine must have the head by then: without it, some name the error otherwise,
# and the SDKs ask again. Chromium and aiohttp need a moment for what is in pieces, too.
PATIENCE_S = 3
# Likewise, a reset may overtake what comes shortly before it, the head included.
GAP_NS = 40_000_000


def recording(fault: str) -> Recording:
    """Framed by HTTP chunks. Two events come in one read, by which a naive client loses both where
    it does not know the ends of lines: whether two reads become one is otherwise a race."""
    events = EVENTS[:-1] if fault in AT_THE_END else EVENTS
    headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
    return make_recording(events[0] + events[1], *events[2:], headers=headers, gap_ns=GAP_NS)


@pytest.fixture
def casts(cast: Cast) -> Iterator[dict[str, Cast]]:
    """A worker for each client, so that they wait at the same time; `cast` knows whether there are
    any."""
    with ExitStack() as stack:
        yield {column: Cast(stack) for column in CLIENTS}


def test_faults(casts: dict[str, Cast], pytestconfig: pytest.Config) -> None:
    """The first answer is broken, and the client says what the page has; the second is whole."""
    if not shutil.which("curl"):
        pytest.skip("no curl, which has a column of its own: install it")
    routes = {each: f"/{n}" for n, each in enumerate(product(SPECS, COLUMNS))}
    served = {
        each: at_route(f"{route}/chat/completions", recording(each[0]))
        for each, route in routes.items()
    }

    whole = at_route("/whole/chat/completions", recording(""))

    def ask(fault: str, column: str, timeout_s: float) -> Answer:
        base_url = f"{server.url}{routes[fault, column]}"
        if column == "curl":
            return curl(base_url, timeout_s, recording(fault).body, TEXT)
        return casts[column].ask(CLIENTS[column], base_url, timeout_s=timeout_s)

    def ask_all(fault: str, timeout_s: float) -> list[str]:
        with ThreadPoolExecutor(len(COLUMNS)) as pool:
            answers = pool.map(lambda column: ask(fault, column, timeout_s), COLUMNS)
        return [said(answer, TEXT) for answer in answers]

    def row(fault: str) -> dict[str, str]:
        first = ask_all(fault, PATIENCE_S)
        second = ask_all(fault, 20)
        assert ["whole"] * len(COLUMNS) == second, f"{fault} is not healed"
        shown = dict(zip(COLUMNS, first, strict=True))
        return shown | {"curl": shown["curl"].replace("loses text", "other bytes")}

    with serve_with_pages([whole, *served.values()], speed=1) as server:
        for column, client in CLIENTS.items():  # one by one, since they have a lot to import
            assert TEXT == casts[column].ask(client, f"{server.url}/whole").text
        for (fault, _), each in served.items():
            options = f"times=1,on={each.id}"
            server.fault(f"{SPECS[fault]}{',' if ':' in SPECS[fault] else ':'}{options}")
        table = {f"`{SPECS[fault]}`": row(fault) for fault in SPECS}
    made = rendered("fault", table)
    assert written(pytestconfig, "faults", made) == made
