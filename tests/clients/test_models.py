"""The models of clients against the clients themselves, on streams of every kind."""

import json
import random
import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from streamlab.analysis import read_stream
from streamlab.client_model import MODELS, body_of
from streamlab.recording import Recording
from streamlab.replay import serve
from tests.clients.cast import PYTHON, VENV, at_route, chromium, node
from tests.clients.test_breaks import BREAKS, curl
from tests.clients.test_odd_streams import STREAMS, chat_chunk
from tests.clients.worker import Worker
from tests.conftest import json_lines, make_recording

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
RUNTIMES = {
    "python": (
        "openai-python", "httpx-sse", "httpx-lines", "sseclient-py", "requests-lines",
        "aiohttp-lines", "urllib-lines", "line-reader",
    ),
    # Its SDK is among what the tests of the project itself need.
    "own": ("anthropic-python",),
    "node": ("openai-node", "eventsource-parser", "fetch", "fetch-naive"),
}  # fmt: skip
RUNTIME_OF = {client: runtime for runtime, clients in RUNTIMES.items() for client in clients}
SDKS = {"openai-python", "openai-node", "anthropic-python"}
# The first job of a worker imports an SDK, which on a busy machine takes its time.
WAIT_S = 120
# Their exceptions may come before the program has read what came.
RACES = {"aiohttp-lines", *RUNTIMES["node"]}

RANDOM_STREAMS = 30
TOKENS = (
    "data: ", "data:", "data", "event: ping", "event: error", "event: x", "event:", "id: 7", "id",
    "retry: 10", "retry: x", ": keep-alive", ":", "error: {}", " data: x", "\t",
    'data: {"n": 1}', 'data: {"t": "a\u2028b"}', 'data: {"t": "c\u0085d\u000be"}', "data: [DONE]",
    'data: {"error": {"message": "full"}}', 'data: {"error": {}}', "data: Grüße", "data:  two ",
    "data: NaN", "data: null", "\ufeffdata: 1", 'data: {"t":', 'data: "世界"}', "",
    'event: x\ndata: {"n": 2}\n', 'data: {"n": 3}\n', 'event: y\ndata: {"n": 4}\n',
)  # fmt: skip


def cut(body: bytes, random_: random.Random) -> list[bytes]:
    """The body in reads that end anywhere."""
    count = min(len(body), random_.randrange(6)) if body else 0
    ends = sorted({0, len(body), *(random_.randrange(len(body)) for _ in range(count))})
    return [body[start:stop] for start, stop in pairwise(ends)]


def random_body(random_: random.Random) -> bytes:
    """Lines of all kinds; some streams mix the ends of lines, some are plain."""
    ends = random_.choice([("\n",), ("\r\n",), ("\r",), ("\n", "\r\n", "\r")])
    bom = random_.choice(["", "", "", "\ufeff", "\ufeff\ufeff"])
    count = random_.randrange(1, 14)
    lines = "\n".join(random_.choice(TOKENS) for _ in range(count)).split("\n")
    text = "".join(
        line + random_.choice(ends) + (random_.choice(ends) if random_.random() < 0.6 else "")
        for line in lines
    )
    body = (bom + text).encode()
    return body[: -random_.randrange(1, 5)] if random_.random() < 0.2 else body


def streams() -> dict[str, Recording]:
    random_ = random.Random(7)
    odd = {
        f"odd: {name}": make_recording(*cut(stream.body(chat_chunk).encode(), random_))
        for name, stream in STREAMS.items()
    }
    cases = {
        f"case: {case['name']}": make_recording(*cut(case["body"].encode("latin-1"), random_))
        for case in json_lines("sse_cases.jsonl")
    }
    drawn = {
        f"random: {number}": make_recording(*cut(random_body(random_), random_))
        for number in range(RANDOM_STREAMS)
    }
    named = {"named": make_recording(*(b'event: a\ndata: {"n": %d}\n\n' % n for n in range(3)))}
    html = {"html": make_recording(b"data: 1\n\n", headers=(("Content-Type", "text/html"),))}
    return odd | cases | drawn | named | html


def skip_uninstalled() -> None:
    if not (VENV / ".installed").exists():
        pytest.skip("run `make test-clients`: it installs the clients")


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[str, Worker]]:
    """A process for each runtime: all streams go through it."""
    skip_uninstalled()
    commands = {
        "python": [PYTHON, HERE / "seen_worker.py"],
        "own": [Path(sys.executable), HERE / "seen_worker.py"],
        "node": [node(), HERE / "node" / "seen_worker.mjs"],
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Worker(command, wait_s=WAIT_S))
            for name, command in commands.items()
        }


def modelled(client: str, recording: Recording) -> tuple[list[object], str]:
    body = body_of(recording, read_stream(recording))
    seen = MODELS[client].read(body)
    events = [json.loads(data) for data in seen.events] if client in SDKS else list(seen.events)
    return events, seen.error or ""


def differences(
    workers: dict[str, Worker],
    recordings: dict[str, Recording],
    *,
    speed: float,
    timeout_s: float,
    are_errors_only: bool = False,
) -> list[str]:
    """Where a model and its client see something else."""
    routed = {
        name: at_route(f"/{number}/", recording)
        for number, (name, recording) in enumerate(recordings.items())
    }

    def of_client(client: str) -> list[str]:
        found = []
        for number, (name, recording) in enumerate(recordings.items()):
            parses = body_of(recording, read_stream(recording)).is_json
            job = {"client": client, "url": f"{server.url}/{number}/", "parses": parses}
            if client == "fetch-naive" and not are_errors_only:
                job["reads"] = [b64encode(read.data).decode() for read in recording.reads]
            answer = workers[RUNTIME_OF[client]].ask(**job, timeout_s=timeout_s)
            real = (json.loads(answer.text), answer.error)
            model = modelled(client, recording)
            if are_errors_only and client in RACES:
                real, model = ([], real[1]), ([], model[1])
            if repr(model) != repr(real):
                found.append(f"{client}, {name}:\n  {recording.body[:300]!r}\n  {model}\n  {real}")
        return found

    with (
        serve(list(routed.values()), speed=speed) as server,
        ThreadPoolExecutor(len(RUNTIME_OF)) as pool,
    ):
        return [line for lines in pool.map(of_client, RUNTIME_OF) for line in lines]


def test_models_see_what_clients_see(workers: dict[str, Worker]) -> None:
    """Data by data, and the exception: odd streams, the standard's cases, and streams at random."""
    found = differences(workers, streams(), speed=0, timeout_s=10)
    assert not found, "\n".join(found)


def test_models_of_breaks(workers: dict[str, Worker]) -> None:
    """The exception where the transport breaks, and what was handed on until then."""
    found = differences(workers, BREAKS, speed=1, timeout_s=1, are_errors_only=True)
    assert not found, "\n".join(found)


def test_eventsource_sees_what_its_model_sees() -> None:
    """In a browser, on all streams, asked for with GET; and where it would ask again."""
    skip_uninstalled()
    found = []
    recordings = {
        name: replace(recording, request=replace(recording.request, method="GET", body=b""))
        for name, recording in streams().items()
    }
    routed = [at_route(f"/{n}/", recording) for n, recording in enumerate(recordings.values())]
    command = [node(), HERE / "node" / "seen_browser.mjs", chromium()]
    with serve(routed, speed=0) as server, Worker(command) as browser:
        for number, (name, recording) in enumerate(recordings.items()):
            body = body_of(recording, read_stream(recording))
            answer = browser.ask(
                url=f"{server.url}/{number}/",
                names=sorted({*body.names, "message"}),
                parses=body.is_json,
            )
            seen = MODELS["eventsource"].read(body)
            model = (list(seen.events), seen.error or ("asks again" if seen.asks_again else ""))
            real = (json.loads(answer.text), answer.error)
            if model != real:
                found.append(f"{name}:\n  {recording.body[:300]!r}\n  {model}\n  {real}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", BREAKS)
def test_curl_ends_as_its_model(name: str) -> None:
    """With the exit code, or with all bytes."""
    if not shutil.which("curl"):
        pytest.skip("no curl")
    recording = BREAKS[name]
    body = body_of(recording, read_stream(recording))
    with serve([at_route("/chat/completions", recording)], speed=1) as server:
        answer = curl(server.url, 1)
    assert (MODELS["curl"].read(body).error or "") == answer.error
