"""Listening: a server's socket, its connections, and what can go wrong with the address."""

import asyncio
import errno
from typing import Final

from streamlab._http1.limits import Limits
from streamlab._http1.server import Handler, ServerConnection
from streamlab.errors import NetworkError

__all__ = ["Listener"]

# Clients that start at once wait here for a moment; the system may hold it smaller.
_BACKLOG: Final = 4096


class Listener:
    """Accepts connections, hands each whole request to `handle`; `url` is known after `start`."""

    def __init__(self, handle: Handler, *, limits: Limits | None = None) -> None:
        self.url = ""
        self.connections: set[ServerConnection] = set()
        self._handle = handle
        self._limits = limits or Limits()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. NetworkError if the address cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connect, host, port, backlog=_BACKLOG)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        self.url = f"http://{shown}:{bound_port}"

    async def close(self) -> None:
        """Stop listening and end all connections, answers under way included."""
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self.connections):
            connection.close()
        await self._server.wait_closed()

    def _connect(self) -> ServerConnection:
        return ServerConnection(
            self._handle, open_connections=self.connections, limits=self._limits
        )


def _cannot_listen(host: str, port: int, error: OSError) -> NetworkError:
    # asyncio wraps the error into one of its own and keeps the number.
    if error.errno == errno.EADDRINUSE:
        hint = "stop what listens there, or take another port (--port 0 finds a free one)"
        return NetworkError(f"port {port} on {host} is in use", hint)
    reason = error.strerror or str(error)
    return NetworkError(f"cannot listen on {host}:{port}: {reason}", "choose another host or port")
