"""The server role: requests come out parsed, responses go in as raw bytes.

h11 reads the request, `strict` refuses what it is too kind to; the response is written as it is
given, so that a handler can end it in any way, an HTTP violation included. One request at a time: a
second one on the same connection is taken after the first is answered; one that comes earlier
(pipelining) is refused after the first has been answered unharmed.

One timer per connection: a request has to be whole in time, and a connection that waits for another
is closed in the end. While an answer is under way there is none.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import h11

from streamlab._http1.limits import Limits
from streamlab._http1.reply import error_response
from streamlab._http1.seen import SeenHeads
from streamlab._http1.strict import header_pairs, refusal, too_large
from streamlab._http1.tcp import reset_on_close, unacknowledged_bytes
from streamlab._http1.wire import connection_options
from streamlab.recording import Header

__all__ = ["Exchange", "HttpRequest", "ServerConnection"]

_ARRIVAL_POLL_S: Final = 0.001
# What a refusal quotes of a request is for people.
_QUOTED: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A whole request. `target` is as on the wire; `http_version` is "1.1" or "1.0"."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes
    http_version: str

    @property
    def keeps_alive(self) -> bool:
        """Whether the client means to use its connection again (RFC 9112, 9.3)."""
        options = connection_options(self.headers)
        return "close" not in options if self.http_version == "1.1" else "keep-alive" in options


class Exchange:
    """What a handler answers one request with.

    `on_left` is called once if the client leaves before the answer is over, `on_writable` when a
    pause (`is_paused`: the client reads too slowly) is over.
    """

    def __init__(self, connection: "ServerConnection", transport: asyncio.Transport) -> None:
        self.on_left: Callable[[], None] = _nothing
        self.on_writable: Callable[[], None] = _nothing
        self.is_paused = False
        self._connection = connection
        self._transport = transport

    def limit_unsent(self, unsent_bytes: int) -> None:
        """Pause as soon as more than this waits for the client, in this process, to be sent."""
        # Not 0: asyncio's TLS pauses at the limit, where its plain sockets pause above it.
        self._transport.set_write_buffer_limits(high=max(1, unsent_bytes))

    def send_raw(self, data: bytes) -> None:
        """Write bytes to the wire as they are."""
        self._transport.write(data)

    def finish(self, *, keep_alive: bool) -> None:
        """The answer is over; the connection takes another request or is closed."""
        self._connection.end_exchange(keep_alive=keep_alive)

    def close(self) -> None:
        """Close the connection (TCP FIN), after what was written has been sent."""
        self._connection.end_exchange(keep_alive=False)

    def reset(self) -> None:
        """Reset the connection (TCP RST), once the client's side has acknowledged what was written:
        a reset throws away what is still on its way, and no event tells when it has arrived."""
        self.on_left = self.on_writable = _nothing
        connection = self._transport.get_extra_info("socket")
        if self._transport.is_closing() or connection.fileno() < 0:
            return
        if self._transport.get_write_buffer_size() + unacknowledged_bytes(connection):
            asyncio.get_running_loop().call_later(_ARRIVAL_POLL_S, self.reset)
            return
        reset_on_close(connection)
        self._connection.end_exchange(keep_alive=False, abort=True)


def _nothing() -> None:
    pass


Handler = Callable[[HttpRequest, Exchange], None]


class ServerConnection(asyncio.Protocol):
    """One connection of a server; `handle` is called with each whole request."""

    def __init__(
        self,
        handle: Handler,
        *,
        open_connections: "set[ServerConnection]",
        limits: Limits,
        seen: SeenHeads,
    ) -> None:
        self._handle = handle
        self._open_connections = open_connections
        self._limits = limits
        self._seen = seen
        self._exchange: Exchange | None = None
        self._has_pipelined = False
        self._is_idle = False
        self._is_closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._deadline_s: float | None = None
        self._too_late: Callable[[], None] = _nothing
        self._start_request()

    def _start_request(self) -> None:
        self._h11: h11.Connection | None = None
        self._received = bytearray()
        self._head: h11.Request | None = None
        self._headers: tuple[Header, ...] = ()
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came (asyncio calls this)."""
        # Not asserted: uvloop's transports are no asyncio.Transport, though they do what one does.
        self._transport = cast("asyncio.Transport", transport)
        self._open_connections.add(self)
        self._allow(self._limits.head_s, self._refuse_late)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection is gone (asyncio calls this)."""
        self._is_closing = True
        self._stop_timer()
        self._cancel_timer()
        self._open_connections.discard(self)
        self._leave()

    def eof_received(self) -> bool:
        """The client sends no more; HTTP clients do that only when they leave."""
        self._leave()
        return False

    def _leave(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.on_left()

    def pause_writing(self) -> None:
        """The client reads too slowly (asyncio calls this)."""
        if self._exchange is not None:
            self._exchange.is_paused = True

    def resume_writing(self) -> None:
        """The client has caught up (asyncio calls this)."""
        if self._exchange is not None:
            self._exchange.is_paused = False
            # Later, since what goes on may close: asyncio, which has just emptied its buffer and
            # calls from there, would report the connection lost twice.
            asyncio.get_running_loop().call_soon(self._go_on, self._exchange)

    def _go_on(self, exchange: Exchange) -> None:
        if exchange is self._exchange and not exchange.is_paused:
            exchange.on_writable()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request (asyncio calls this)."""
        if self._is_closing:
            return
        if self._exchange is not None:
            self._has_pipelined = True
            return
        if self._h11 is None and (seen := self._seen.find(data)) is not None:
            self._is_idle = False
            head, body = seen
            self._answer(head.request, head.headers, body)
            return
        if self._is_idle:
            self._is_idle = False
            self._allow(self._limits.head_s, self._refuse_late)
        if self._head is None:
            self._received += data
        if self._h11 is None:
            limit_bytes = self._limits.head_bytes
            self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limit_bytes)
        self._h11.receive_data(data)
        self._read_request(self._h11)

    def close(self) -> None:
        """End the connection at once, an answer under way included."""
        self._is_closing = True
        self._stop_timer()
        self._transport.abort()

    def end_exchange(self, *, keep_alive: bool, abort: bool = False) -> None:
        """The answer is over (its `Exchange` calls this)."""
        if self._exchange is None:
            return
        self._exchange = None
        if abort:
            self.close()
        elif self._has_pipelined and keep_alive:
            self._refuse(400, "one request at a time: wait for the answer before sending the next")
        elif keep_alive:
            self._start_request()
            self._is_idle = True
            self._allow(self._limits.idle_s, self.close)
        else:
            self._is_closing = True
            self._transport.close()

    def _allow(self, seconds: float, too_late: Callable[[], None]) -> None:
        """Give what is awaited so long from now; this replaces what was given before.

        A timer that rings before is left to ring and goes on from there: deadlines mostly move
        away, request by request, and a timer set anew for each costs more than reading it.
        """
        loop = asyncio.get_running_loop()
        self._deadline_s = loop.time() + seconds
        self._too_late = too_late
        if self._timer is None or self._timer.when() > self._deadline_s:
            self._cancel_timer()
            self._timer = loop.call_at(self._deadline_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._deadline_s is None:
            return
        loop = asyncio.get_running_loop()
        if self._deadline_s > loop.time():
            self._timer = loop.call_at(self._deadline_s, self._ring)
        else:
            self._deadline_s = None
            self._too_late()

    def _stop_timer(self) -> None:
        self._deadline_s = None

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse_late(self) -> None:
        limits = self._limits
        part, limit_s = ("head", limits.head_s) if self._head is None else ("body", limits.body_s)
        self._refuse(408, f"the {part} of the request was not whole within {limit_s:g} s")

    def _read_request(self, reading: h11.Connection) -> None:
        try:
            while self._exchange is None and not self._is_closing:
                event = reading.next_event()
                if event is h11.NEED_DATA:
                    self._invite_body(reading)
                    return
                if isinstance(event, h11.ConnectionClosed):
                    return
                self._take(event, reading)
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint, f"not a valid HTTP request: {error}")

    def _invite_body(self, reading: h11.Connection) -> None:
        if reading.they_are_waiting_for_100_continue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            reading.send(h11.InformationalResponse(status_code=100, headers=[]))

    def _take(self, event: object, reading: h11.Connection) -> None:
        match event:
            case h11.Request():
                self._take_head(event, reading)
            case h11.Data():
                self._body += event.data
                if len(self._body) > self._limits.body_bytes:
                    self._refuse(413, too_large(self._limits))
            case h11.EndOfMessage():
                assert self._head is not None
                self._has_pipelined = bool(reading.trailing_data[0])
                self._answer(self._head, self._headers, bytes(self._body))

    def _take_head(self, request: h11.Request, reading: h11.Connection) -> None:
        behind = len(reading.trailing_data[0])
        head = bytes(self._received[: len(self._received) - behind])
        self._received.clear()
        self._headers = header_pairs(request)
        refused = refusal(request, self._headers, head, self._limits)
        if refused is not None:
            self._refuse(*refused)
            return
        self._head = request
        self._seen.add(head, request, self._headers)
        self._allow(self._limits.body_s, self._refuse_late)

    def _answer(self, head: h11.Request, headers: tuple[Header, ...], body: bytes) -> None:
        self._stop_timer()
        self._exchange = Exchange(self, self._transport)
        request = HttpRequest(
            method=head.method.decode("ascii"),
            target=head.target.decode("latin-1"),
            headers=headers,
            body=body,
            http_version=head.http_version.decode("ascii"),
        )
        self._handle(request, self._exchange)

    def _refuse(self, status: int, message: str) -> None:
        """Answer what cannot be handled, in the shape of the OpenAI API's errors, and close.

        A client that is still sending is not cut off before it can have read the answer: closing
        with bytes unread resets the connection (RFC 9112, 9.6).
        """
        closing = ("Connection", "close")
        response = error_response(status, message[:_QUOTED], "invalid_request_error", closing)
        self._is_closing = True
        self._start_request()  # and forget what has come of this one
        self._transport.write(response)
        self._transport.write_eof()
        self._allow(self._limits.linger_s, self._transport.abort)
