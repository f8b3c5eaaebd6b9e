"""block_network: a connection to anywhere else fails at once, whoever makes it."""

import asyncio
import socket
import threading
from typing import Any

import httpx
import httpx2
import pytest
import requests
import urllib3

from streamlab import StreamlabError, block_network
from streamlab.errors import NetworkBlockedError
from tests import raw_server
from tests.raw_server import HEAD, http_chunk, send

# TEST-NET-1 (RFC 5737) and .invalid (RFC 2606): nobody is there, should a guard fail.
ADDRESS = "192.0.2.1"
NAME = "api.openai.invalid"


def connect(host: str) -> None:
    with socket.socket() as made:
        made.settimeout(0.01)
        made.connect((host, 9))


def connect_ex(host: str) -> None:
    with socket.socket() as made:
        made.settimeout(0.01)
        made.connect_ex((host, 9))


def create_connection(host: str) -> None:
    socket.create_connection((host, 9), timeout=0.01)


def sock_connect(host: str) -> None:
    async def run() -> None:
        with socket.socket() as made:
            made.setblocking(False)
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(made, (host, 9)), 1)

    asyncio.run(run())


def open_connection(host: str) -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(host, 9), 1))


def get(library: Any) -> Any:
    def ask(host: str) -> None:
        library.get(f"http://{host}:9/", timeout=0.05)

    return ask


def aget(library: Any) -> Any:
    def ask(host: str) -> None:
        async def run() -> None:
            async with library.AsyncClient(timeout=0.05) as client:
                await client.get(f"http://{host}:9/")

        asyncio.run(run())

    return ask


def pool(host: str) -> None:
    with urllib3.PoolManager() as manager:
        manager.request("GET", f"http://{host}:9/", timeout=0.05)


WAYS = [
    connect, connect_ex, create_connection, sock_connect, open_connection,
    get(httpx), get(httpx2), aget(httpx), aget(httpx2), get(requests), pool,
]  # fmt: skip
IDS = [
    "connect", "connect_ex", "create_connection", "sock_connect", "open_connection",
    "httpx", "httpx2", "httpx async", "httpx2 async", "requests", "urllib3",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_every_way_to_a_name_is_blocked(way: Any) -> None:
    """The error names the host, and what to do."""
    with block_network(), pytest.raises(NetworkBlockedError, match=f"{NAME}:9") as caught:
        way(NAME)
    assert isinstance(caught.value, StreamlabError)
    assert "http_client=" in caught.value.hint
    assert "base_url" in caught.value.hint


@pytest.mark.parametrize("way", WAYS, ids=IDS)
def test_every_way_to_an_address_is_blocked(way: Any) -> None:
    """anyio connects to an address in a task group, whose error is a group."""
    with block_network(), pytest.raises((NetworkBlockedError, ExceptionGroup)) as caught:
        way(ADDRESS)
    error: BaseException = caught.value
    while isinstance(error, ExceptionGroup):
        (error,) = error.exceptions
    assert isinstance(error, NetworkBlockedError)
    assert f"{ADDRESS}:9" in str(error)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_loopback_and_unix_sockets_work(library: Any) -> None:
    """The replay server can be reached, under its name as well, in any spelling."""

    async def aget(url: str) -> bytes:
        async with library.AsyncClient() as client:
            return (await client.get(url)).content

    with block_network():
        for host in ("127.0.0.1", "localhost", "LOCALHOST"):
            for ask in (lambda url: library.get(url).content, lambda url: asyncio.run(aget(url))):
                with raw_server.raw_server(send(HEAD + http_chunk(b"x") + b"0\r\n\r\n")) as url:
                    assert b"x" == ask(url.replace("127.0.0.1", host))
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind("s")
            server.listen()
            client.connect("s")


def test_everything_is_put_back() -> None:
    """After the last of several, in whatever order they end."""
    before = (socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo)
    first, second = block_network(), block_network()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(NetworkBlockedError):
        connect(ADDRESS)
    second.__exit__(None, None, None)
    assert before == (socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo)
    with pytest.raises(KeyError), block_network():
        raise KeyError
    assert before == (socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo)
    assert "connect" not in vars(socket.socket)


def test_nested_blocks_must_all_allow_it() -> None:
    """An inner one opens nothing that an outer one closed, and closes what the outer one opened."""
    with block_network(allow=()):
        with block_network(), pytest.raises(NetworkBlockedError):
            connect("127.0.0.1")
        with pytest.raises(NetworkBlockedError):
            connect("127.0.0.1")
    with block_network():
        with block_network(allow=()), pytest.raises(NetworkBlockedError):
            connect("127.0.0.1")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", 1))


def test_an_allowed_name_may_be_reached_under_its_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that it resolves to, and no others."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        with block_network(allow=("api.example",)):
            with pytest.raises(NetworkBlockedError):
                connect("127.0.0.1")
            socket.create_connection(("api.example", port)).close()
            with pytest.raises(NetworkBlockedError):
                connect(ADDRESS)


def test_other_threads_are_covered() -> None:
    """A client in a thread of its own is blocked as well, one started before included."""
    errors: list[BaseException] = []
    go = threading.Event()

    def run() -> None:
        go.wait(20)
        try:
            connect(ADDRESS)
        except NetworkBlockedError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with block_network():
        go.set()
        thread.join(20)
    assert 1 == len(errors)


def test_it_decorates_functions() -> None:
    """Plain ones, and coroutine functions for as long as they are awaited."""

    @block_network()
    def plain() -> str:
        with pytest.raises(NetworkBlockedError):
            connect(ADDRESS)
        return plain.__name__

    @block_network()
    async def coroutine() -> str:
        await asyncio.sleep(0)
        with pytest.raises(NetworkBlockedError):
            connect(ADDRESS)
        return coroutine.__name__

    assert ["plain", "plain"] == [plain(), plain()]
    assert "coroutine" == asyncio.run(coroutine())
    assert "connect" not in vars(socket.socket)


def test_servers_may_bind_to_any_address() -> None:
    """Looking up an address to listen on is no connection."""

    async def listen() -> None:
        server = await asyncio.start_server(lambda *_: None, "0.0.0.0", 0)
        server.close()

    with block_network():
        asyncio.run(listen())
