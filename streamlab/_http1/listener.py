"""Listening: a server's socket, its connections, and what can go wrong with the address."""

import asyncio
import errno
import ssl
import sys
from typing import Final

from streamlab._http1.limits import Limits
from streamlab._http1.seen import SeenHeads
from streamlab._http1.server import Handler, ServerConnection
from streamlab.errors import NetworkError

__all__ = ["Listener"]

# Clients that start at once wait here for a moment; the system may hold it smaller.
_BACKLOG: Final = 4096
_HANDSHAKE_S: Final = 10.0
# A task makes a transport of an accepted socket, and that tells its protocol.
_TURNS_TO_ACCEPT: Final = 3


class Listener:
    """Accepts connections, hands each whole request to `handle`; `url` is known after `start`."""

    def __init__(self, handle: Handler, *, limits: Limits | None = None) -> None:
        self.url = ""
        self.connections: set[ServerConnection] = set()
        self._handle = handle
        self._limits = limits or Limits()
        self._seen = SeenHeads()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen; port 0 takes a free one. NetworkError if the address cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._connect,
                host,
                port,
                backlog=_BACKLOG,
                ssl=tls,
                ssl_handshake_timeout=_HANDSHAKE_S if tls else None,
            )
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        self.url = f"{'https' if tls else 'http'}://{shown}:{bound_port}"

    async def close(self) -> None:
        """Stop listening and end all connections, answers under way included."""
        if self._server is None:
            return
        await self._stop_accepting(self._server)
        self._server.close()
        for connection in tuple(self.connections):
            connection.close()
        if sys.version_info >= (3, 13):
            # Those in a TLS handshake are no connections yet. Before, they could not be ended, and
            # waiting would be for them; they go with the loop.
            self._server.abort_clients()
            await self._server.wait_closed()

    async def _stop_accepting(self, server: asyncio.Server) -> None:
        """Accept nothing more, and wait until what has been accepted is a connection: a server that
        is closed before that forgets the socket, and leaves it open (asyncio.Server._attach)."""
        loop = asyncio.get_running_loop()
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
        for _ in range(_TURNS_TO_ACCEPT):
            await asyncio.sleep(0)

    def _connect(self) -> ServerConnection:
        return ServerConnection(
            self._handle,
            open_connections=self.connections,
            limits=self._limits,
            seen=self._seen,
        )


def _cannot_listen(host: str, port: int, error: OSError) -> NetworkError:
    # asyncio wraps the error into one of its own and keeps the number.
    if error.errno == errno.EADDRINUSE:
        hint = "stop what listens there, or take another port (--port 0 finds a free one)"
        return NetworkError(f"port {port} on {host} is in use", hint)
    reason = error.strerror or str(error)
    return NetworkError(f"cannot listen on {host}:{port}: {reason}", "choose another host or port")
