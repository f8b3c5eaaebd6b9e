"""What the benchmarks have in common: the synthetic stream, a client that discards, and figures."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from quiet import awake

from streamlab.recording import End, Read, Recording, Request, Response

MS = 1_000_000
PATH = "/v1/chat/completions"
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a result."""

    what: str
    value: str
    note: str = ""


Measure = Callable[[], Iterator[Figure]]


def print_figures(measure: Measure) -> None:
    """What a benchmark does when it is run alone."""
    with awake():
        _print_figures(measure)


def _print_figures(measure: Measure) -> None:
    for figure in measure():
        note = f"  ({figure.note})" if figure.note else ""
        print(f"{figure.what}: {figure.value}{note}", flush=True)


def percentiles(values_ns: Iterable[int], *, unit: str = "ms") -> str:
    """`p50 / p99 / max` in `unit`."""
    values = sorted(values_ns)
    scale = {"ms": MS, "µs": 1000}[unit]
    picked = (values[len(values) // 2], values[len(values) * 99 // 100], values[-1])
    return " / ".join(f"{value / scale:.3g}" for value in picked) + f" {unit}"


def stream(at_ns: Sequence[int], *, seed: int = 1) -> Recording:
    """A recording with an event of about 230 bytes at each offset, and [DONE] 1 ms after."""
    chance = random.Random(seed)
    name = f"chatcmpl-{chance.getrandbits(112):028x}"
    reads = [Read(at_ns=at, data=_event(name, chance.choice(_WORDS))) for at in at_ns]
    end_ns = at_ns[-1] + MS
    headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
    return Recording(
        id="synthetic",
        request=Request(method="POST", url=f"http://127.0.0.1{PATH}", body=BODY),
        response=Response(status=200, headers=headers, at_ns=at_ns[0] // 2),
        reads=(*reads, Read(at_ns=end_ns, data=b"data: [DONE]\n\n")),
        end=End(at_ns=end_ns, reason="complete"),
    )


_WORDS = (" the", " of", " streams", " recorded", " twice", ",", " naïve", " 天")
# llmock echoes what it is asked: few words would be few events.
_ASKED = "Count." + " one two three four five six seven eight nine ten" * 10
BODY = json.dumps(
    {"model": "m", "stream": True, "messages": [{"role": "user", "content": _ASKED}]}
).encode()


def request(body: bytes) -> bytes:
    """What a client sends, with a key that no server looks at."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


REQUEST = request(BODY)


def numbered(number: int) -> bytes:
    """A body that no other number has: aimock would answer the second of two that are alike from
    what it has recorded."""
    return BODY.replace(b"Count.", b"Count. %d" % number)


def _event(name: str, word: str) -> bytes:
    chunk = {
        "id": name,
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "synthetic-large-2026-01-01",
        "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}],
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def second_process() -> ProcessPoolExecutor:
    """Runs functions in a process of its own, which is started and warm when this returns."""
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    pool.submit(time.monotonic_ns).result()
    return pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What the discarding client did; `cpu_s` is its own, `reads` how often it was woken."""

    answers: int
    bytes: int
    reads: int
    elapsed_s: float
    cpu_s: float


def drain(port: int, starts_s: Sequence[float], until_s: float) -> Drained:
    """Ask on one connection per start, and again until `until_s`; read and discard the answers.

    To be run in a second process. asyncio on bare sockets: an answer is known by its last HTTP
    chunk, and nothing else is parsed.
    """
    return asyncio.run(_drain(port, starts_s, until_s))


async def _drain(port: int, starts_s: Sequence[float], until_s: float) -> Drained:
    loop = asyncio.get_running_loop()
    cpu_s, start_s = time.process_time(), loop.time()

    async def run(delay_s: float) -> list[_Discarder]:
        """A connection, and another if the server has closed it: some do after each answer."""
        await asyncio.sleep(delay_s)
        clients: list[_Discarder] = []
        while not clients or (clients[-1].answers and loop.time() < start_s + until_s):
            _, client = await loop.create_connection(
                lambda: _Discarder(start_s + until_s), "127.0.0.1", port
            )
            clients.append(client)
            await client.done
        return clients

    clients = [client for each in await asyncio.gather(*map(run, starts_s)) for client in each]
    return Drained(
        answers=sum(client.answers for client in clients),
        bytes=sum(client.bytes for client in clients),
        reads=sum(client.reads for client in clients),
        elapsed_s=loop.time() - start_s,
        cpu_s=time.process_time() - cpu_s,
    )


class Receiver(asyncio.BufferedProtocol):
    """A protocol that reads into one buffer for good.

    asyncio allocates 256 KiB for each read of a plain `Protocol`. Whether glibc takes them from the
    system anew each time, at a page fault per 4 KiB received, depends on what else is in the heap:
    such a client was up to four times slower or faster by the modules that were imported.
    """

    _BUFFER = memoryview(bytearray(256 * 1024))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return self._BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.receive(self._BUFFER[:nbytes])

    def receive(self, data: memoryview) -> None:
        """Bytes came in; they are gone with the next read."""
        raise NotImplementedError


class _Discarder(Receiver):
    def __init__(self, until_s: float) -> None:
        self.answers = 0
        self.reads = 0
        self.bytes = 0
        self._loop = asyncio.get_running_loop()
        self.done = self._loop.create_future()
        self._until_s = until_s
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._transport.write(REQUEST)

    def receive(self, data: memoryview) -> None:
        self.reads += 1
        self.bytes += len(data)
        self._tail = (self._tail + data[-5:])[-5:]
        if self._tail != LAST_CHUNK:
            return
        self._tail = b""
        self.answers += 1
        if self._loop.time() < self._until_s:
            self._transport.write(REQUEST)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.done.done():
            self.done.set_result(None)
