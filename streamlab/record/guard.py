"""Fails connections that nobody expected: a test that would reach the real API stops there.

Clients change the HTTP library they stand on, and a transport or a mock of the old one is then
simply not asked any more. Under all of them are Python's sockets, and there this guard stands.
"""

import asyncio
import inspect
import socket
from collections.abc import Callable, Collection
from contextlib import ContextDecorator
from functools import wraps
from threading import Lock
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TypeVar, cast

from streamlab.errors import NetworkBlockedError
from streamlab.record.asker import asker

__all__ = ["HINT", "LOOPBACK", "NetworkBlock", "block_network"]

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)
HINT: Final = (
    "it went around streamlab: give the client a recording transport (http_client=…) or point its "
    "base_url at the replay server; or allow the host: block_network(allow=…)"
)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def block_network(*, allow: Collection[str] = LOOPBACK) -> "NetworkBlock":
    """While it lasts, a connection to any other host raises NetworkBlockedError at once.

    A context manager, and a decorator of functions and coroutine functions. `allow` has the hosts
    that may be reached, by name or address, exactly; names may be reached under all the addresses
    they resolve to. It holds for all threads and event loops of the process, and where several are
    in force each must allow the host. Sockets that are no internet sockets stay as they are.

    It stands in Python's `socket` module. What connects without it is not seen: uvloop, gRPC,
    another process.
    """
    return NetworkBlock(frozenset(map(_normal, allow)))


class NetworkBlock(ContextDecorator):
    """What `block_network` returns. `refused` has a sentence for each connection it has refused,
    since a client may keep the error to itself."""

    _in_force: ClassVar[list["NetworkBlock"]] = []
    _lock: ClassVar[Lock] = Lock()

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts
        self._resolved: set[str] = set()
        self.refused: list[str] = []

    def __enter__(self) -> Self:
        with self._lock:
            if not self._in_force:
                _patch()
            self._in_force.append(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._in_force.remove(self)
            if not self._in_force:
                _unpatch()

    def __call__(self, function: _Function) -> _Function:
        """Decorate `function`, which may be a coroutine function."""
        if not inspect.iscoroutinefunction(function):
            return super().__call__(function)

        @wraps(function)
        async def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            with self:
                return await function(*args, **kwargs)

        return cast("_Function", guarded)

    def allows(self, host: str) -> bool:
        """Whether `host`, a name or an address, may be reached."""
        return host in self._hosts or host in self._resolved

    def learn(self, host: str, addresses: Collection[str]) -> None:
        """What a name that may be reached resolves to may be reached as well."""
        if self.allows(host):
            self._resolved.update(addresses)

    @classmethod
    def check(cls, host: object, port: object) -> str:
        """The host's normal form. NetworkBlockedError if a block in force does not allow it."""
        name = _normal(host)
        refusing = [block for block in list(cls._in_force) if not block.allows(name)]
        if refusing:
            who = asker()
            message = f"blocked: a connection to {name}:{port}{' by ' if who else ''}{who}"
            for block in refusing:
                block.refused.append(message)
            raise NetworkBlockedError(message, HINT)
        return name

    @classmethod
    def resolved(cls, host: str, addresses: Collection[str]) -> None:
        """A name was resolved."""
        for block in list(cls._in_force):
            block.learn(host, addresses)


def _normal(host: object) -> str:
    """One spelling per host: text, lower case, no final dot, no scope of an IPv6 address."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    return text.lower().partition("%")[0].rstrip(".")


_getaddrinfo = socket.getaddrinfo
_loop_getaddrinfo = asyncio.BaseEventLoop.getaddrinfo
_inherited: Final = ("connect", "connect_ex")


def _patch() -> None:
    global _getaddrinfo  # noqa: PLW0603 - whatever stands there now is put back
    _getaddrinfo = socket.getaddrinfo
    for name in _inherited:
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    socket.getaddrinfo = _guarded_getaddrinfo
    asyncio.BaseEventLoop.getaddrinfo = _guarded_loop_getaddrinfo  # type: ignore[method-assign]


def _unpatch() -> None:
    socket.getaddrinfo = _getaddrinfo
    asyncio.BaseEventLoop.getaddrinfo = _loop_getaddrinfo  # type: ignore[method-assign]
    for name in _inherited:
        delattr(socket.socket, name)


def _guarded(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
    @wraps(connect)
    def guarded(self: socket.socket, address: Any, /) -> Any:  # noqa: ANN401 - as the socket's own
        if self.family in _INTERNET:
            NetworkBlock.check(*address[:2])
        return connect(self, address)

    return guarded


@wraps(_getaddrinfo)
def _guarded_getaddrinfo(
    host: Any,  # noqa: ANN401 - as the module's own
    port: Any,  # noqa: ANN401
    family: int = 0,
    type: int = 0,  # noqa: A002
    proto: int = 0,
    flags: int = 0,
) -> Any:  # noqa: ANN401
    """No name is looked up for a connection that would be refused; servers look up theirs."""
    if host is None or flags & socket.AI_PASSIVE:
        return _getaddrinfo(host, port, family, type, proto, flags)
    name = NetworkBlock.check(host, port)
    found = _getaddrinfo(host, port, family, type, proto, flags)
    NetworkBlock.resolved(name, {_normal(address[4][0]) for address in found})
    return found


@wraps(_loop_getaddrinfo)
async def _guarded_loop_getaddrinfo(
    self: asyncio.BaseEventLoop,
    host: Any,  # noqa: ANN401 - as the loop's own
    port: Any,  # noqa: ANN401
    **options: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Refuses before a thread looks the name up, in which nothing tells whose request it is."""
    if host is not None and not options.get("flags", 0) & socket.AI_PASSIVE:
        NetworkBlock.check(host, port)
    return await _loop_getaddrinfo(self, host, port, **options)
