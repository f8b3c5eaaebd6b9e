"""The least that a proxy can do: copy bytes. No HTTP, no recording.

    python bench/bare_relay.py PORT UPSTREAM_PORT

`bench/proxy.py` measures it beside the recording proxies: what it takes is asyncio and the kernel.
"""

import asyncio
import sys

_BUFFER = memoryview(bytearray(256 * 1024))


class _Upstream(asyncio.BufferedProtocol):
    def __init__(self, client: asyncio.Transport, request: bytes) -> None:
        self._client = client
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._client.write(bytes(_BUFFER[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._client.close()


class _Client(asyncio.Protocol):
    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        connecting = loop.create_connection(
            lambda: _Upstream(self._transport, data), "127.0.0.1", self._upstream_port
        )
        self._connecting = loop.create_task(connecting)


async def _serve(port: int, upstream_port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Client(upstream_port), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
