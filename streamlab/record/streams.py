"""The bodies that pass through a transport, as both libraries want them."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from streamlab.http_libraries import AsyncStream, SyncStream
from streamlab.record.active import ActiveRecording
from streamlab.record.passing import areceived, asent, received, sent

__all__ = ["AsyncReceived", "AsyncSent", "Received", "Sent"]


class Sent(SyncStream):
    """The body of a request that is a stream: recorded while it is sent."""

    def __init__(self, stream: Any, active: ActiveRecording) -> None:  # noqa: ANN401
        self._stream = stream
        self._active = active

    def __iter__(self) -> Iterator[bytes]:
        return sent(self._stream, self._active)

    def close(self) -> None:
        self._stream.close()


class Received(Sent):
    """The body of a response. Closing it before its end is our side's hanging up."""

    def __iter__(self) -> Iterator[bytes]:
        return received(self._stream, self._active)

    def close(self) -> None:
        self._active.finish("client_closed", "the response was closed before its end")
        super().close()


class AsyncSent(AsyncStream):
    """As `Sent`."""

    def __init__(self, stream: Any, active: ActiveRecording) -> None:  # noqa: ANN401
        self._stream = stream
        self._active = active

    def __aiter__(self) -> AsyncIterator[bytes]:
        return asent(self._stream, self._active)

    async def aclose(self) -> None:
        await self._stream.aclose()


class AsyncReceived(AsyncSent):
    """As `Received`."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return areceived(self._stream, self._active)

    async def aclose(self) -> None:
        self._active.finish("client_closed", "the response was closed before its end")
        await super().aclose()
