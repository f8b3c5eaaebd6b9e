"""The replay server inside a program: in a thread of its own, for as long as a `with` lasts."""

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue

from streamlab.clock import Clock
from streamlab.fault import Fault
from streamlab.recording import Recording
from streamlab.replay.match import Catalog
from streamlab.replay.server import ReplayServer

__all__ = ["running", "serve"]


@contextmanager
def serve(  # noqa: PLR0913 - what a server can be asked for
    recordings: Sequence[Recording] | Catalog,
    *,
    speed: float = 1.0,
    faults: Sequence[str | Fault] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    has_control: bool = True,
    api_key: str | None = None,
    tls: ssl.SSLContext | None = None,
    clock: Clock | None = None,
) -> Iterator[ReplayServer]:
    """A running server with its `url`; closed at the end of the block.

    It has an event loop of its own, whatever loop the caller is in. NetworkError if the address
    cannot be had, InputError for what is no fault.
    """
    server = ReplayServer(
        recordings,
        speed=speed,
        faults=faults,
        has_control=has_control,
        api_key=api_key,
        clock=clock,
    )
    with running(server, host=host, port=port, tls=tls):
        yield server


@contextmanager
def running(
    server: ReplayServer,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[ReplayServer]:
    """The same with a server that is there already.

    NetworkError if the address cannot be had.
    """
    started: SimpleQueue[BaseException | None] = SimpleQueue()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        try:
            await server.start(host=host, port=port, tls=tls)
        except BaseException as error:
            started.put(error)
            return
        started.put(None)
        await stop.wait()
        await server.close()

    def run_loop() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=run_loop, name="streamlab-replay", daemon=True)
    thread.start()
    error = started.get()
    if error is not None:
        thread.join()
        raise error
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
