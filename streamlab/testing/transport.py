"""A transport that answers from a cassette, or from the real API for it."""

from typing import Any

from streamlab.fault import Fault
from streamlab.record.transport import AsyncRecordingTransport, RecordingTransport
from streamlab.redaction import Redaction
from streamlab.replay import Catalog
from streamlab.replay.transport import EitherReplayTransport
from streamlab.store import Writer

__all__ = ["LiveTransport"]


class LiveTransport(EitherReplayTransport):
    """Asks the real API what no recording answers, or everything if `asks_all`, and records that
    with `writer`. `requests` has the others."""

    def __init__(
        self,
        catalog: Catalog,
        writer: Writer,
        *,
        asks_all: bool,
        redact: Redaction | None = None,
        speed: float = 1.0,
        faults: tuple[str | Fault, ...] = (),
    ) -> None:
        super().__init__(catalog, speed=speed, faults=faults)
        self._catalog = catalog
        self._asks_all = asks_all
        self._live = RecordingTransport(writer, redact=redact)
        self._async_live = AsyncRecordingTransport(writer, redact=redact)

    # Any: requests and responses of httpx or httpx2.
    def handle_request(self, request: Any) -> Any:  # noqa: ANN401
        """See `ReplayTransport`."""
        request.read()
        if self._is_live(request):
            return self._live.handle_request(request)
        return super().handle_request(request)

    async def handle_async_request(self, request: Any) -> Any:  # noqa: ANN401
        """See `AsyncReplayTransport`."""
        await request.aread()
        if self._is_live(request):
            return await self._async_live.handle_async_request(request)
        return await super().handle_async_request(request)

    def close(self) -> None:
        """See `ReplayTransport`."""
        super().close()
        self._live.close()

    async def aclose(self) -> None:
        """See `AsyncReplayTransport`."""
        await super().aclose()
        await self._async_live.aclose()

    def _is_live(self, request: Any) -> bool:  # noqa: ANN401
        key = self._catalog.key(request.method, str(request.url), request.content)
        is_own = not self._catalog.needs_counterpart(key.route)
        return self._asks_all or not is_own or self._catalog.peek(key) is None
