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
import ssl
from collections.abc import Callable, Sequence
from typing import Final, cast

from streamlab._http1 import (
    BodyReader,
    ChunkedBody,
    CloseBody,
    Exchange,
    HttpRequest,
    Listener,
    error_response,
    response_head,
    same_origin_path,
)
from streamlab._http1.dial import dial, was_closed_by_peer
from streamlab.clock import SystemClock
from streamlab.record.active import ActiveRecording, Labels
from streamlab.record.redacted import begin_recording
from streamlab.record.response_head import HeadReader
from streamlab.record.upstream import HOP_BY_HOP, Upstream, outgoing_request, request_head
from streamlab.recording import EndReason, Header, Recording, Request
from streamlab.redaction import Redaction
from streamlab.store import Writer

__all__ = ["ProxyServer"]

_READ_BYTES: Final = 256 * 1024


def _ignore(_: Recording) -> None:
    pass


class ProxyServer:
    """Relays requests to `upstreams` and records them with `writer`.

    `keep_encoding` lets the client's Accept-Encoding through, so that streams may come compressed;
    `redact` says what is redacted besides credentials, in recordings and not in what is relayed;
    `connect_s` is the longest wait for an upstream's connection, TLS included: for all that comes
    after it, the client's patience decides. `on_relayed` is told each exchange that is over, as it
    was recorded but for its reads.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream],
        writer: Writer,
        *,
        keep_encoding: bool = False,
        tags: tuple[str, ...] = (),
        redact: Redaction | None = None,
        connect_s: float = 10.0,
        on_relayed: Callable[[Recording], None] = _ignore,
    ) -> None:
        self._upstreams = upstreams
        self._writer = writer
        self._keep_encoding = keep_encoding
        self._labels = Labels(source="proxy", tags=tags, redact=redact or Redaction())
        self._connect_s = connect_s
        self._clock = SystemClock()
        self._on_relayed = on_relayed
        self._listener = Listener(self.relay)
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

    def relay(
        self,
        request: HttpRequest,
        exchange: Exchange,
        on_over: Callable[[Recording], None] | None = None,
    ) -> None:
        """Answer one request, of this server's own listener or of another server.

        `on_over` is given the recording with its reads once the answer is over, and before its
        client can ask again.
        """
        target = same_origin_path(request.target)
        upstream = next((each for each in self._upstreams if each.takes(target)), None)
        if upstream is None:
            prefixes = ", ".join(f"/{each.prefix}" for each in self._upstreams)
            _answer_error(exchange, 404, f"no upstream takes {target}; prefixes: {prefixes}")
            return
        outgoing = outgoing_request(request, upstream, target, keep_encoding=self._keep_encoding)
        active = begin_recording(
            outgoing, self._labels, self._writer, self._clock, keeps_reads=on_over is not None
        )
        relay = _Relay(outgoing, request, exchange, active, self._buffer)
        relay.on_over = on_over or _ignore
        task = asyncio.get_running_loop().create_task(self._run(relay, upstream))
        self._relays.add(task)
        task.add_done_callback(self._relays.discard)

    async def _run(self, relay: "_Relay", upstream: Upstream) -> None:
        try:
            await relay.run(upstream, connect_s=self._connect_s)
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
        self.on_over: Callable[[Recording], None] = _ignore
        self._buffer = buffer
        self._outgoing = outgoing
        self._request = request
        self._exchange = exchange
        self._transport: asyncio.Transport | None = None
        self._over = asyncio.get_running_loop().create_future()
        self._head = HeadReader(outgoing.method)
        self._body: BodyReader | None = None
        self._keep_alive = False
        self._is_unframed = False
        exchange.on_left = self._leave
        exchange.on_writable = self._go_on

    async def run(self, upstream: Upstream, *, connect_s: float) -> None:
        """Connect, and relay to the end."""
        try:
            await self._connect(upstream, connect_s)
            await asyncio.shield(self._over)
        except asyncio.CancelledError:
            self._end("client_closed", "the proxy was stopped")
            raise

    async def _connect(self, upstream: Upstream, connect_s: float) -> None:
        try:
            async with asyncio.timeout(connect_s):
                await dial(upstream.address, self, on_connected=lambda: self._mark("connected"))
        except TimeoutError as error:  # the limit's says nothing, the kernel's does
            self._fail(upstream, str(error) or f"connect timeout after {connect_s:g} s")
        except OSError as error:
            self._fail(upstream, str(error) or type(error).__name__)

    def _fail(self, upstream: Upstream, reason: str) -> None:
        """The upstream cannot be reached: 502 in the shape of the OpenAI API's errors."""
        detail = f"cannot reach {upstream.origin}: {reason}"
        if not self._over.done():  # the client has not left meanwhile
            self._end("unreachable", detail)
            _answer_error(self._exchange, 502, detail)

    def _mark(self, name: str) -> None:
        if not self._over.done():
            self.active.mark(name)

    # What asyncio tells of the upstream.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: send the request."""
        # Not asserted: uvloop's transports are no asyncio.Transport, though they do what one does.
        self._transport = transport = cast("asyncio.Transport", transport)
        if self._over.done():  # the client has left meanwhile
            transport.abort()
            return
        if transport.get_extra_info("ssl_object") is not None:
            self.active.mark("tls")
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
            data = self._read_head(data)
        if data and self._body is not None:
            self._pass_on(data, self._body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is gone."""
        transport, self._transport = self._transport, None  # no abort now: it is lost already
        if self._over.done() or transport is None:  # None: while dialling, which says so itself
            return
        if exc is not None:
            reason: EndReason = "protocol_error" if isinstance(exc, ssl.SSLError) else "reset"
            self._end(reason, f"{type(exc).__name__}: {exc}")
            self._exchange.reset()
        elif self._body is None:
            missing = "the end of the head" if self._head.has_begun else "a response"
            self._end("truncated", f"the upstream closed the connection without {missing}")
            self._exchange.close()
        elif not self._is_close_delimited():
            self._end("truncated", "the upstream closed the connection before the body's end")
            self._exchange.close()
        elif was_closed_by_peer(transport):
            self._finish()
        else:  # a close would look like the end to the client
            self._end("truncated", "the connection was closed without an end of TLS")
            self._exchange.reset()

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

    def _read_head(self, data: bytes) -> bytes:
        """Pass the head on once it is whole; the bytes of the body that came with it."""
        try:
            head = self._head.feed(data)
        except ValueError as error:
            self._spoil(str(error))
            return b""
        if head is None:
            return b""
        status, headers, self._body = head.status, head.headers, head.body
        # HTTP/1.0 knows no chunks: such a client gets the body bare, until the connection closes.
        is_old = self._request.http_version == "1.0"
        self._is_unframed = is_old and isinstance(self._body, ChunkedBody)
        passed_on = _end_to_end(headers, unframed=self._is_unframed)
        self._exchange.send_raw(response_head(status, passed_on))
        self.active.respond(status, headers, "HTTP/1.1")
        can_keep_alive = not (self._is_unframed or self._is_close_delimited())
        self._keep_alive = self._request.keeps_alive and can_keep_alive
        if not head.rest and self._body.state == "complete":
            self._finish()
        return head.rest

    def _pass_on(self, data: bytes, body: BodyReader) -> None:
        pieces = body.feed(data)
        surplus = body.surplus_bytes
        passed_on = b"".join(pieces) if self._is_unframed else data[: len(data) - surplus]
        self._exchange.send_raw(passed_on)
        if self._exchange.is_paused and self._transport is not None:
            self._transport.pause_reading()
        for piece in pieces:
            self.active.read(piece)
        if body.state == "broken":
            self._end("protocol_error", body.detail)
            self._exchange.close()
        elif body.state == "complete" and surplus:
            self._end("protocol_error", f"{surplus} bytes came after the end of the body")
            self._exchange.close()
        elif body.state == "complete":
            self._finish()

    def _is_close_delimited(self) -> bool:
        return isinstance(self._body, CloseBody)

    def _spoil(self, detail: str) -> None:
        """The response is not HTTP. Its bytes are not passed on: what is no head to us may be one
        to the client, and what comes behind it an answer to another request."""
        self._end("protocol_error", detail)
        _answer_error(self._exchange, 502, f"the upstream's response is not HTTP: {detail}")

    def _finish(self) -> None:
        self._end("complete")
        self._exchange.finish(keep_alive=self._keep_alive)

    def _end(self, reason: EndReason, detail: str = "") -> None:
        if self._over.done():
            return
        self.active.finish(reason, detail)
        self.on_over(self.active.build())
        self._over.set_result(None)
        if self._transport is not None:
            self._transport.abort()


def _end_to_end(headers: tuple[Header, ...], *, unframed: bool) -> tuple[Header, ...]:
    dropped = HOP_BY_HOP | {"transfer-encoding"} if unframed else HOP_BY_HOP
    return tuple(pair for pair in headers if pair[0].lower() not in dropped)


def _answer_error(exchange: Exchange, status: int, message: str) -> None:
    """An error of the proxy's own, in the shape of the OpenAI API's."""
    closing = ("Connection", "close")
    exchange.send_raw(error_response(status, message, "streamlab_proxy_error", closing))
    exchange.finish(keep_alive=False)
