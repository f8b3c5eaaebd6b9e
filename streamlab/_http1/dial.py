"""Connecting to a server: directly or through an HTTP proxy, in the clear or with TLS."""

import asyncio
import base64
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["Address", "dial"]

_CONNECT_HEAD_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is. `tls` is None for a connection in the clear."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


async def dial(
    address: Address, protocol: asyncio.BaseProtocol, *, on_connected: Callable[[], None]
) -> None:
    """Connect `protocol` to `address`; `on_connected` is called before any TLS handshake.

    HTTPS_PROXY and NO_PROXY are respected: TLS goes through a proxy by CONNECT (RFC 9110, 9.3.6).
    What is in the clear is always asked directly. OSError (ssl.SSLError among them) where it fails.
    """
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
    protocol: asyncio.BaseProtocol, on_connected: Callable[[], None]
) -> asyncio.BaseProtocol:
    # asyncio makes the protocol once the connection is there.
    on_connected()
    return protocol


async def _start_tls(
    transport: asyncio.Transport, address: Address, protocol: asyncio.BaseProtocol
) -> None:
    assert address.tls is not None
    loop = asyncio.get_running_loop()
    try:
        secured = await loop.start_tls(
            transport, protocol, address.tls, server_hostname=address.host
        )
    except BaseException:
        transport.abort()
        raise
    if secured is None:
        raise ConnectionError("the connection was closed during the TLS handshake")
    protocol.connection_made(secured)


def _proxy_for(address: Address) -> str | None:
    """The proxy of the environment for this address; only TLS needs to go through by CONNECT."""
    if address.tls is None or proxy_bypass(address.host):
        return None
    return getproxies().get("https")


async def _dial_through(
    address: Address, proxy: str, protocol: asyncio.BaseProtocol, on_connected: Callable[[], None]
) -> None:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    loop = asyncio.get_running_loop()
    tunnel = _Tunnel(loop.create_future())
    transport, _ = await loop.create_connection(
        lambda: tunnel, parts.hostname or "", parts.port or 80
    )
    target = f"{address.host}:{address.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    transport.write("\r\n".join([*lines, "", ""]).encode())
    try:
        await tunnel.opened
    except BaseException:
        transport.abort()
        raise
    on_connected()
    await _start_tls(transport, address, protocol)


class _Tunnel(asyncio.Protocol):
    """Waits for a proxy's answer to CONNECT; `opened` is done, or fails, with it."""

    def __init__(self, opened: "asyncio.Future[None]") -> None:
        self.opened = opened
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self.opened.done():
            return
        if b"\r\n\r\n" in self._head:
            status_line = self._head.partition(b"\r\n")[0].decode("latin-1")
            if status_line.split(" ")[1:2] == ["200"]:
                self.opened.set_result(None)
            else:
                refused = ConnectionError(f"the proxy refused the tunnel: {status_line}")
                self.opened.set_exception(refused)
        elif len(self._head) > _CONNECT_HEAD_BYTES:
            self.opened.set_exception(ConnectionError("the proxy's answer has no end"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("the proxy closed the connection"))
