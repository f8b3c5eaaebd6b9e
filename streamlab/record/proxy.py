"""The recording proxy: a program talks to it as to the API, and its streams are recorded.

Theory of operation
-------------------
A request is read whole and sent on. Of the response only the head is looked at before it is passed
on (it names what belongs to the connection and not to the message); from then on the bytes from the
upstream go to the client the moment they arrive, framing included, and are taken apart and recorded
after that. So the client sees the boundaries that the upstream sent, nothing waits for a parser or
a disk, and the end is passed on as it happened: complete, cut, or reset.

A client that reads slowly pauses the reading from the upstream; one that leaves ends it.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Sequence
from typing import Final, cast

import h11

from streamlab._http1 import (
    BodyReader,
    ChunkedBody,
    CloseBody,
    Exchange,
    HttpRequest,
    Listener,
    body_reader,
    response_head,
    same_origin_path,
)
from streamlab._http1.dial import dial
from streamlab.clock import Clock, SystemClock
from streamlab.record.active import ActiveRecording
from streamlab.record.upstream import HOP_BY_HOP, Upstream, outgoing_request, request_head
from streamlab.recording import EndReason, Header, Recording, Request, header_value
from streamlab.store import Writer

__all__ = ["ProxyServer"]

_MAX_HEAD_BYTES: Final = 256 * 1024
_READ_BYTES: Final = 256 * 1024
_CONNECT_S: Final = 10.0


def _ignore(_: Recording) -> None:
    pass


class ProxyServer:
    """Relays requests to `upstreams` and records them with `writer`.

    `keep_encoding` lets the client's Accept-Encoding through, so that streams may come compressed;
    `on_relayed` is told each exchange that is over, as it was recorded but for its reads.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        writer: Writer,
        *,
        keep_encoding: bool = False,
        tags: tuple[str, ...] = (),
        clock: Clock | None = None,
        on_relayed: Callable[[Recording], None] = _ignore,
    ) -> None:
        self._upstreams = upstreams
        self._writer = writer
        self._keep_encoding = keep_encoding
        self._tags = tags
        self._clock = clock or SystemClock()
        self._on_relayed = on_relayed
        self._listener = Listener(self._handle)
        self._relays: set[asyncio.Task[None]] = set()
        self._buffer = memoryview(bytearray(_READ_BYTES))

    @property
    def url(self) -> str:
        """Where it listens, once it has started."""
        return self._listener.url

    async def start(
        self, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        """Listen; port 0 takes a free one. NetworkError if the address cannot be had."""
        await self._listener.start(host, port, tls)

    async def close(self) -> None:
        """Stop listening, and hang up on streams under way: they are recorded as such."""
        relays = tuple(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        await self._listener.close()

    def _handle(self, request: HttpRequest, exchange: Exchange) -> None:
        target = same_origin_path(request.target)
        upstream = next((each for each in self._upstreams if each.takes(target)), None)
        if upstream is None:
            prefixes = ", ".join(f"/{each.prefix}" for each in self._upstreams)
            _answer_error(exchange, 404, f"no upstream takes {target}; prefixes: {prefixes}")
            return
        outgoing = outgoing_request(request, upstream, target, keep_encoding=self._keep_encoding)
        active = ActiveRecording(
            outgoing, self._writer, self._clock, source="proxy", tags=self._tags
        )
        relay = _Relay(outgoing, request, exchange, active, self._buffer)
        task = asyncio.get_running_loop().create_task(self._run(relay, upstream))
        self._relays.add(task)
        task.add_done_callback(self._relays.discard)

    async def _run(self, relay: "_Relay", upstream: Upstream) -> None:
        try:
            await relay.run(upstream)
        finally:
            self._on_relayed(relay.active.build())


class _Relay(asyncio.BufferedProtocol):
    """One exchange: the protocol of the connection to the upstream.

    Buffered, since for a plain protocol asyncio allocates 256 KiB for every read. What is read is
    dealt with at once, so all relays of a server can share one `buffer`.
    """

    def __init__(
        self,
        outgoing: Request,
        request: HttpRequest,
        exchange: Exchange,
        active: ActiveRecording,
        buffer: memoryview,
    ) -> None:
        self.active = active
        self._buffer = buffer
        self._outgoing = outgoing
        self._request = request
        self._exchange = exchange
        self._transport: asyncio.Transport | None = None
        self._over = asyncio.get_running_loop().create_future()
        self._head = bytearray()
        self._body: BodyReader | None = None
        self._keep_alive = False
        self._is_unframed = False
        exchange.on_left = self._leave
        exchange.on_writable = self._go_on

    async def run(self, upstream: Upstream) -> None:
        """Connect, and relay to the end."""
        try:
            connecting = dial(
                upstream.address, self, on_connected=lambda: self.active.mark("connected")
            )
            await asyncio.wait_for(connecting, _CONNECT_S)
        except (OSError, TimeoutError) as error:
            self._fail(upstream, error)
            return
        try:
            await asyncio.shield(self._over)
        except asyncio.CancelledError:
            self._end("client_closed", "the proxy was stopped")
            raise

    def _fail(self, upstream: Upstream, error: Exception) -> None:
        """The upstream cannot be reached: 502 in the shape of the OpenAI API's errors."""
        reason = str(error) or type(error).__name__
        detail = f"cannot reach {upstream.scheme}://{upstream.authority}: {reason}"
        self._end("unreachable", detail)
        _answer_error(self._exchange, 502, detail)

    # What asyncio tells of the upstream.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: send the request."""
        self._transport = transport = cast("asyncio.Transport", transport)
        if isinstance(transport.get_extra_info("ssl_object"), ssl.SSLObject):
            self.active.mark("tls")
        if self._over.done():  # the client has left meanwhile
            transport.abort()
            return
        transport.write(request_head(self._outgoing) + self._outgoing.body)
        self.active.mark("request_sent")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where to put what comes next."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes of the response."""
        if self._over.done():
            return
        data = bytes(self._buffer[:nbytes])
        if self._body is None:
            self._head += data
            data = self._read_head()
        if data and self._body is not None:
            self._pass_on(data, self._body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is gone."""
        if self._over.done():
            return
        if exc is not None:
            self._end("reset", f"{type(exc).__name__}: {exc}")
            self._exchange.reset()
        elif self._body is not None and self._is_close_delimited():
            self._finish()
        elif self._body is None:
            self._end("truncated", "the upstream closed the connection without a response")
            self._exchange.close()
        else:
            self._end("truncated", "the upstream closed the connection before the body's end")
            self._exchange.close()

    def eof_received(self) -> bool:
        """The upstream sends no more; what that means, `connection_lost` decides."""
        return False

    # What the client does.

    def _leave(self) -> None:
        self._end("client_closed", "the client hung up")

    def _go_on(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    # The relaying.

    def _read_head(self) -> bytes:
        """Pass the head on once it is whole; the bytes of the body that came with it."""
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > _MAX_HEAD_BYTES:
                self._spoil("the head of the response is too long")
            return b""
        rest = bytes(self._head[end + 4 :])
        try:
            response = _parse_head(bytes(self._head[: end + 4]), self._outgoing.method)
        except (h11.RemoteProtocolError, ValueError) as error:
            self._spoil(str(error))
            return b""
        self._head.clear()
        if response is None:  # 100 Continue and the like: the real head follows
            self._head += rest
            return self._read_head()
        status, headers, self._body = response
        # HTTP/1.0 knows no chunks: such a client gets the body bare, until the connection closes.
        is_old = self._request.http_version == "1.0"
        self._is_unframed = is_old and isinstance(self._body, ChunkedBody)
        passed_on = _end_to_end(headers, unframed=self._is_unframed)
        self._exchange.send_raw(response_head(status, passed_on))
        self.active.respond(status, headers, "HTTP/1.1")
        can_keep_alive = not (self._is_unframed or self._is_close_delimited())
        self._keep_alive = self._request.keeps_alive and can_keep_alive
        if not rest and self._body.state == "complete":
            self._finish()
        return rest

    def _pass_on(self, data: bytes, body: BodyReader) -> None:
        if not self._is_unframed:
            self._exchange.send_raw(data)
        pieces = body.feed(data)
        if self._is_unframed:
            self._exchange.send_raw(b"".join(pieces))
        if self._exchange.is_paused and self._transport is not None:
            self._transport.pause_reading()
        for piece in pieces:
            self.active.read(piece)
        if body.state == "complete":
            self._finish()
        elif body.state == "broken":
            self._end("protocol_error", body.detail)
            self._exchange.close()

    def _is_close_delimited(self) -> bool:
        return isinstance(self._body, CloseBody)

    def _spoil(self, detail: str) -> None:
        """The response is not HTTP: its bytes go on as they are, and that is the end."""
        self._exchange.send_raw(bytes(self._head))
        self._end("protocol_error", detail)
        self._exchange.close()

    def _finish(self) -> None:
        self._end("complete")
        self._exchange.finish(keep_alive=self._keep_alive)

    def _end(self, reason: EndReason, detail: str = "") -> None:
        if self._over.done():
            return
        self.active.finish(reason, detail)
        self._over.set_result(None)
        if self._transport is not None:
            self._transport.abort()


def _parse_head(head: bytes, method: str) -> tuple[int, tuple[Header, ...], BodyReader] | None:
    """Status, headers and the body's framing; None for an informational response."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "upstream")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(head)
    event = connection.next_event()
    if isinstance(event, h11.InformationalResponse):
        return None
    if not isinstance(event, h11.Response):
        raise h11.RemoteProtocolError("the response has no head")
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in event.headers.raw_items()
    )
    body = body_reader(
        method,
        event.status_code,
        header_value(headers, "transfer-encoding"),
        header_value(headers, "content-length"),
    )
    return event.status_code, headers, body


def _end_to_end(headers: tuple[Header, ...], *, unframed: bool) -> tuple[Header, ...]:
    dropped = HOP_BY_HOP | {"transfer-encoding"} if unframed else HOP_BY_HOP
    return tuple(pair for pair in headers if pair[0].lower() not in dropped)


def _answer_error(exchange: Exchange, status: int, message: str) -> None:
    """An error of the proxy's own, in the shape of the OpenAI API's."""
    error = {"message": message, "type": "streamlab_proxy_error", "code": None, "param": None}
    body = json.dumps({"error": error}).encode()
    headers = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    )
    exchange.send_raw(response_head(status, headers) + body)
    exchange.finish(keep_alive=False)
