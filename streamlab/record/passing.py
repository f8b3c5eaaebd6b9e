"""Bytes that pass on their way between a program and a server, and are recorded in passing.

Nothing is held back: what comes in is stamped, handed to the store, and yielded at once.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from streamlab.record.active import ActiveRecording

__all__ = ["areceived", "asent", "received", "sent"]


def received(stream: Iterable[bytes], active: ActiveRecording) -> Iterator[bytes]:
    """The reads of a response's body; how they end is the recording's end.

    Whoever stops reading ends it, too: a generator that is closed sees GeneratorExit.
    """
    with active.watch():
        for data in stream:
            active.read(data)
            yield data
    active.finish("complete")


async def areceived(stream: AsyncIterable[bytes], active: ActiveRecording) -> AsyncIterator[bytes]:
    """As `received`; a task that is cancelled while it waits sees CancelledError."""
    with active.watch():
        async for data in stream:
            active.read(data)
            yield data
    active.finish("complete")


def sent(stream: Iterable[bytes], active: ActiveRecording) -> Iterator[bytes]:
    """The pieces of a request's body; those that passed are recorded, however far it got."""
    passed: list[bytes] = []
    try:
        for data in stream:
            passed.append(data)
            yield data
    finally:
        active.send(b"".join(passed))


async def asent(stream: AsyncIterable[bytes], active: ActiveRecording) -> AsyncIterator[bytes]:
    """As `sent`."""
    passed: list[bytes] = []
    try:
        async for data in stream:
            passed.append(data)
            yield data
    finally:
        active.send(b"".join(passed))
