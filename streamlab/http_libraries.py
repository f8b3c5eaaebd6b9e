"""httpx and httpx2 at once: what belongs to both, of those that are installed.

The two have the same names and no class in common, and their clients ask for streams of their own
class. To a type checker transports are of both classes as well.
"""

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Self

from streamlab.recording import Header

__all__ = [
    "LIBRARIES",
    "AsyncStream",
    "AsyncTransport",
    "SyncStream",
    "SyncTransport",
    "header_pairs",
    "library_of",
]


def _installed() -> Iterator[ModuleType]:
    for name in ("httpx", "httpx2"):
        with suppress(ModuleNotFoundError):
            yield import_module(name)


LIBRARIES: Final = tuple(_installed())

if TYPE_CHECKING:
    import httpx
    import httpx2

    class SyncStream(httpx.SyncByteStream, httpx2.SyncByteStream):
        pass

    class AsyncStream(httpx.AsyncByteStream, httpx2.AsyncByteStream):
        pass

    class SyncTransport(httpx.BaseTransport, httpx2.BaseTransport):  # type: ignore[misc]
        pass

    class AsyncTransport(httpx.AsyncBaseTransport, httpx2.AsyncBaseTransport):  # type: ignore[misc]
        pass

    Inner = httpx.BaseTransport | httpx2.BaseTransport
    AsyncInner = httpx.AsyncBaseTransport | httpx2.AsyncBaseTransport
else:

    def _both(name: str) -> type:
        return type(f"_{name}", tuple(getattr(library, name) for library in LIBRARIES), {})

    SyncStream = _both("SyncByteStream")
    AsyncStream = _both("AsyncByteStream")

    # Clients ask a transport for its methods, never for its class; and the SDK of Anthropic refuses
    # one with a class of httpx among its bases, since it stands on httpx2 itself.
    class SyncTransport:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

    class AsyncTransport:
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            await self.aclose()


def library_of(request: Any) -> Any:  # noqa: ANN401 - a request and a module of either
    """The library whose request this is."""
    return next(library for library in LIBRARIES if isinstance(request, library.Request))


def header_pairs(headers: Any) -> tuple[Header, ...]:  # noqa: ANN401 - of httpx or httpx2
    """All headers of a request or a response as they go over the wire, in order."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw)
