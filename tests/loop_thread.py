"""A server in an event loop of its own thread, for clients that block."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import parse_upstreams
from streamlab.store import Library

__all__ = ["Running", "Server", "proxying", "running"]

T = TypeVar("T")

T = TypeVar("T")


class Server(Protocol):
    """What listens and can be closed."""

    @property
    def url(self) -> str: ...

    async def close(self) -> None: ...


class Running:
    """A server that runs. `unhandled` are the exceptions that nobody but the loop has met."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.unhandled: list[dict[str, Any]] = []
        self.url = ""

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        return host, int(port)

    def connect(self) -> socket.socket:
        """A client's connection."""
        return socket.create_connection(self.address, timeout=20)

    def call(self, function: Callable[[], T]) -> T:
        """What the function returns, called in the loop."""

        async def called() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(called(), self.loop).result(20)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Ask in the loop again and again; the bound ends only the wait for a broken server."""
        patience = threading.Event()
        for _ in range(2000):
            if self.call(condition):
                return
            patience.wait(0.01)
        raise AssertionError("it never happened")


@contextmanager
def running(start: Callable[[], Awaitable[Server]]) -> Iterator[Running]:
    """The server that `start` starts, closed at the end; no exception may be left unhandled."""
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    run = Running(loop)
    loop.set_exception_handler(lambda _, context: run.unhandled.append(context))

    async def serve() -> None:
        try:
            server = await start()
            run.url = server.url
        finally:
            ready.set()
        await stop.wait()
        await server.close()

    def run_loop() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run_loop)
    thread.start()
    try:
        assert ready.wait(20)
        yield run
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
    assert not thread.is_alive()
    assert [] == run.unhandled, run.unhandled


@contextmanager
def proxying(library: Library, *upstreams: str, **options: Any) -> Iterator[Running]:
    """A recording proxy; all is stored when the block is over."""
    with library.open_writer() as writer:

        async def start() -> ProxyServer:
            server = ProxyServer(parse_upstreams(upstreams), writer, **options)
            await server.start()
            return server

        with running(start) as run:
            yield run
