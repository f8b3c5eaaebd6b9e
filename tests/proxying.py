"""The recording proxy for tests: in a thread, between real sockets."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import parse_upstreams
from streamlab.store import Library

__all__ = ["proxying"]


@contextmanager
def proxying(library: Library, *upstreams: str, keep_encoding: bool = False) -> Iterator[str]:
    """A proxy in a thread; its URL. All is stored when the block is over."""
    started: list[str] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        with library.open_writer() as writer:
            server = ProxyServer(parse_upstreams(upstreams), writer, keep_encoding=keep_encoding)
            await server.start()
            started.append(server.url)
            ready.set()
            await stop.wait()
            await server.close()

    def run_loop() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=run_loop)
    thread.start()
    assert ready.wait(20)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive()
