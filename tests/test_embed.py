"""The replay server inside a program: it comes and goes, and leaves nothing behind."""

import asyncio
import http.client
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from streamlab import serve
from tests.conftest import DONE, chat_event, held, make_recording

RECORDING = make_recording(chat_event("a"), DONE)
CYCLES = 100


def ask(url: str) -> bytes:
    """One request on a connection of its own, with no client that would keep anything open."""
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    client.request("POST", "/v1/chat/completions", b"{}")
    body = client.getresponse().read()
    client.close()
    return body


def test_a_hundred_servers_leave_nothing_behind() -> None:
    """No thread, no socket, no other descriptor; neither of one that has answered nor of one that
    is closed with its answer under way, or while a client comes."""
    endless = make_recording(chat_event("a"), gap_ns=3600 * 10**9, recording_id="2" * 12)
    with serve([RECORDING], speed=0) as server:
        ask(server.url)
    before = held()
    for _ in range(CYCLES):
        with serve([RECORDING], speed=0) as server:
            assert RECORDING.body == ask(server.url)
    for _ in range(10):
        with serve([endless]) as server:
            client = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
            client.request("POST", "/v1/chat/completions", b"{}")
        client.close()
    assert before == held()


@pytest.mark.parametrize(("port", "error"), [(-1, OverflowError), (70_000, OverflowError)])
def test_a_server_that_cannot_start_leaves_nothing_behind(port: int, error: type) -> None:
    """Its failure reaches the caller, and nobody else: a thread that dies of it is a warning."""
    before = held()
    with pytest.raises(error), serve([RECORDING], port=port):
        pass
    assert before == held()


def test_an_error_in_the_block_is_the_callers() -> None:
    """The server is closed all the same."""
    before = held()
    with pytest.raises(KeyError), serve([RECORDING], speed=0) as server:
        raise KeyError
    assert before == held()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_within_a_program_s_own_event_loop() -> None:
    """It does not wait for that loop, nor that loop for it; both go on."""

    async def run() -> list[bytes]:
        loop = asyncio.get_running_loop()
        with serve([RECORDING], speed=0) as one, serve([RECORDING], speed=0) as two:
            assert loop is asyncio.get_running_loop()
            assert one.url != two.url
            async with httpx.AsyncClient() as client:
                urls = [f"{url}/v1/chat/completions" for url in (one.url, two.url)] * 3
                answers = await asyncio.gather(*[client.post(url, json={}) for url in urls])
        return [answer.content for answer in answers]

    assert [RECORDING.body] * 6 == asyncio.run(run())


def test_from_many_threads_at_once() -> None:
    """Each has its own."""

    def run(_: int) -> bytes:
        with serve([RECORDING], speed=0) as server:
            return ask(server.url)

    with ThreadPoolExecutor(8) as pool:
        assert [RECORDING.body] * 40 == list(pool.map(run, range(40)))
