"""Connecting to a server: directly or through an HTTP proxy, in the clear or with TLS."""

import asyncio
import base64
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["Address", "dial", "was_closed_by_peer"]

_CONNECT_HEAD_BYTES: Final = 16 * 1024
# RFC 9110, 9.3.6: any status of 2xx opens the tunnel.
_OPENED: Final = re.compile(r"HTTP/1\.[01] 2\d\d(?: |$)")
_SHOWN: Final = 100
_CLOSED_IN_HANDSHAKE: Final = "the connection was closed during the TLS handshake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is. `tls` is None for a connection in the clear."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


async def dial(
    address: Address, protocol: asyncio.BufferedProtocol, *, on_connected: Callable[[], None]
) -> None:
    """Connect `protocol` to `address`; `on_connected` is called before any TLS handshake.

    HTTPS_PROXY and NO_PROXY are respected: TLS goes through a proxy by CONNECT (RFC 9110, 9.3.6).
    What is in the clear is always asked directly. OSError (ssl.SSLError among them) where it fails,
    for a name that cannot be one of a host, too. `protocol` may then have been told of a loss, and
    of a connection never.
    """
    try:
        await _dial(address, protocol, on_connected)
    except UnicodeError as error:
        raise ConnectionError(f"no name of a host: {error}") from error


def was_closed_by_peer(transport: asyncio.BaseTransport) -> bool:
    """Whether the end that was met is the peer's own. Anybody on the way can close a connection;
    with TLS, the peer says so itself (close_notify; RFC 9112, 9.8)."""
    secured = transport.get_extra_info("ssl_object")
    if secured is None:
        return True
    try:
        return not secured.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:  # it waits for more
        return False


async def _dial(
    address: Address, protocol: asyncio.BufferedProtocol, on_connected: Callable[[], None]
) -> None:
    loop = asyncio.get_running_loop()
    proxy = _proxy_for(address)
    if proxy is not None:
        await _dial_through(address, proxy, protocol, on_connected)
        return
    if address.tls is None:
        await loop.create_connection(lambda: _announced(protocol, on_connected), address.host,
                                     address.port)  # fmt: skip
        return
    transport, _ = await loop.create_connection(asyncio.Protocol, address.host, address.port)
    on_connected()
    await _start_tls(transport, address, protocol)


def _announced(
    protocol: asyncio.BufferedProtocol, on_connected: Callable[[], None]
) -> asyncio.BufferedProtocol:
    # asyncio makes the protocol once the connection is there.
    on_connected()
    return protocol


async def _start_tls(
    transport: asyncio.Transport, address: Address, protocol: asyncio.BufferedProtocol
) -> None:
    assert address.tls is not None
    loop = asyncio.get_running_loop()
    try:
        secured = await loop.start_tls(
            transport, protocol, address.tls, server_hostname=address.host
        )
    except BaseException as error:
        transport.abort()
        if isinstance(error, ConnectionError) and not str(error):
            raise ConnectionError(_CLOSED_IN_HANDSHAKE) from error
        raise
    if secured is None or secured.is_closing():
        raise ConnectionError(_CLOSED_IN_HANDSHAKE)
    protocol.connection_made(secured)


def _authority(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


def _proxy_for(address: Address) -> str | None:
    """The proxy of the environment for this address; only TLS needs to go through by CONNECT."""
    # With the port, since NO_PROXY may name one.
    if address.tls is None or proxy_bypass(f"{address.host}:{address.port}"):
        return None
    return getproxies().get("https")


async def _dial_through(
    address: Address,
    proxy: str,
    protocol: asyncio.BufferedProtocol,
    on_connected: Callable[[], None],
) -> None:
    host, port, credentials = _proxy_parts(proxy)
    loop = asyncio.get_running_loop()
    tunnel = _Tunnel(loop.create_future())
    transport, _ = await loop.create_connection(lambda: tunnel, host, port)
    target = _authority(address)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *credentials, "", ""]
    transport.write("\r\n".join(lines).encode())
    try:
        await tunnel.opened
    except BaseException:
        transport.abort()
        raise
    on_connected()
    await _start_tls(transport, address, protocol)


def _proxy_parts(proxy: str) -> tuple[str, int, list[str]]:
    """Host, port, and the header field with the credentials, if there are any. What is said of a
    proxy that cannot be used leaves them out."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = parts.hostname, parts.port or 80
    except ValueError as error:
        raise ConnectionError("HTTPS_PROXY is no URL") from error
    if parts.scheme != "http" or not host:
        kind = f"{parts.scheme}://{host or ''}"
        raise ConnectionError(f"HTTPS_PROXY is {kind}, and only http://HOST:PORT can be used")
    if not parts.username:
        return host, port, []
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    encoded = base64.b64encode(pair.encode()).decode()
    return host, port, [f"Proxy-Authorization: Basic {encoded}"]


class _Tunnel(asyncio.Protocol):
    """Waits for a proxy's answer to CONNECT; `opened` is done, or fails, with it."""

    def __init__(self, opened: "asyncio.Future[None]") -> None:
        self.opened = opened
        self._head = b""

    def data_received(self, data: bytes) -> None:
        if self.opened.done():
            return
        self._head += data
        head, end, behind = self._head.partition(b"\r\n\r\n")
        status_line = head.partition(b"\r\n")[0].decode("latin-1")[:_SHOWN]
        if end and not _OPENED.match(status_line):
            self._fail(f"the proxy refused the tunnel: {status_line}")
        elif behind:
            # TLS is begun by us.
            self._fail("the proxy sent bytes through the tunnel before it was used")
        elif end:
            self.opened.set_result(None)
        elif len(self._head) > _CONNECT_HEAD_BYTES:
            self._fail("the proxy's answer has no end")

    def _fail(self, message: str) -> None:
        self.opened.set_exception(ConnectionError(message))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            closed = ConnectionError("the proxy closed the connection before its answer")
            self.opened.set_exception(exc or closed)
