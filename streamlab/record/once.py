"""One request, recorded: what `streamlab record URL` does."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol

import httpx

from streamlab.clock import Clock, SystemClock
from streamlab.errors import InputError, NetworkError
from streamlab.record.active import ActiveRecording
from streamlab.recording import EndReason, Read, Recording, Request, Response
from streamlab.redaction import redact_text, redact_url
from streamlab.store import Writer

__all__ = ["Listener", "Options", "record_once"]

# httpx's trace events that are marks of ours: https://www.encode.io/httpcore/extensions/#trace.
_MARKS: Final = {
    "connection.connect_tcp.complete": "connected",
    "connection.start_tls.complete": "tls",
    "http11.send_request_body.complete": "request_sent",
    "http2.send_request_body.complete": "request_sent",
}


class Listener(Protocol):
    """Hears of a recording while it happens, after it was stamped and handed to the store."""

    def on_response(self, response: Response) -> None:
        """The response head arrived."""

    def on_read(self, read: Read) -> None:
        """Bytes of the body arrived."""


class _Deaf:
    def on_response(self, response: Response) -> None:
        pass

    def on_read(self, read: Read) -> None:
        pass


class _Guarded:
    """A listener that falls silent at its first exception, which it keeps."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.error: Exception | None = None

    def on_response(self, response: Response) -> None:
        if self.error is None:
            try:
                self._listener.on_response(response)
            except Exception as error:
                self.error = error

    def on_read(self, read: Read) -> None:
        if self.error is None:
            try:
                self._listener.on_read(read)
            except Exception as error:
                self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to record. `silence_s` is the longest wait for the response or its next bytes."""

    name: str = ""
    tags: tuple[str, ...] = ()
    connect_s: float = 10.0
    silence_s: float = 120.0


def record_once(
    request: Request,
    writer: Writer,
    *,
    options: Options | None = None,
    listener: Listener | None = None,
    clock: Clock | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Recording:
    """Send `request` and record its stream to the end, whatever end that is.

    A stream that is cut, reset, silent for too long or interrupted (KeyboardInterrupt) is recorded
    as such and returned. What `listener` raises is raised too, but only when the recording is over:
    a full terminal must not cost the stream. InputError if the request cannot be sent as it is,
    NetworkError if the server cannot be reached: then there is nothing to record.
    """
    options = options or Options()
    clock = clock or SystemClock()
    timeout = httpx.Timeout(options.silence_s, connect=options.connect_s)
    with httpx.Client(timeout=timeout, transport=transport) as client:
        outgoing = _outgoing(client, request)
        sent = Request(
            method=request.method,
            url=str(outgoing.url),
            headers=tuple(_pairs(outgoing.headers)),
            body=request.body,
        )
        active = ActiveRecording(
            sent, writer, clock, name=options.name, source="record", tags=options.tags
        )
        outgoing.extensions["trace"] = _marker(active)
        heard = _Guarded(listener or _Deaf())
        _record(client, outgoing, active, heard)
    if heard.error is not None:
        raise heard.error
    return active.build()


def _outgoing(client: httpx.Client, request: Request) -> httpx.Request:
    # A content coding would hide the events; identity is what debuggers of streams ask for.
    headers = [("Accept-Encoding", "identity")]
    given = {name.lower() for name, _ in request.headers}
    headers = [pair for pair in headers if pair[0].lower() not in given]
    try:
        return client.build_request(
            request.method, request.url, headers=[*headers, *request.headers], content=request.body
        )
    except (httpx.InvalidURL, UnicodeEncodeError, ValueError, TypeError) as error:
        raise InputError(
            f"cannot send a request to {redact_url(request.url)}: {error}",
            "check the URL and the headers",
        ) from error


def _pairs(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw]


def _marker(active: ActiveRecording) -> Callable[[str, object], None]:
    def trace(event: str, _: object) -> None:
        if event in _MARKS:
            active.mark(_MARKS[event])

    return trace


def _record(
    client: httpx.Client, outgoing: httpx.Request, active: ActiveRecording, listener: Listener
) -> None:
    """Send and read to the end; every end becomes a reason of the recording."""
    try:
        response = client.send(outgoing, stream=True)
        headers = tuple(_pairs(response.headers))
        with closing(response):
            listener.on_response(
                active.respond(response.status_code, headers, response.http_version)
            )
            for data in response.iter_raw():
                listener.on_read(active.read(data))
        active.finish("complete")
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        active.discard()
        raise _not_sendable(outgoing, error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        active.discard()
        raise _unreachable(outgoing, error) from error
    except httpx.TransportError as error:
        active.finish(_end_reason(error), f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        active.finish("client_closed", "interrupted")
    except BaseException as error:
        active.finish("client_closed", f"the recorder failed: {type(error).__name__}: {error}")
        raise


def _end_reason(error: httpx.TransportError) -> EndReason:
    """How the stream ended, told from httpx's exception.

    httpx passes h11's words on; a connection closed too early is only told apart from other
    violations of the protocol by them.
    """
    match error:
        case httpx.TimeoutException():
            return "timeout"
        case httpx.RemoteProtocolError():
            closed = ("peer closed connection", "Server disconnected")
            return "truncated" if str(error).startswith(closed) else "protocol_error"
        case _:
            return "reset"


def _not_sendable(outgoing: httpx.Request, error: Exception) -> InputError:
    message = f"cannot send a request to {redact_url(str(outgoing.url))}: {error}"
    return InputError(message, "a URL starts with http:// or https://")


def _unreachable(outgoing: httpx.Request, error: Exception) -> NetworkError:
    url = redact_url(str(outgoing.url))
    reason = redact_text(str(error)) or type(error).__name__
    hint = "check the host, the port and the network; nothing was sent, so nothing is recorded"
    return NetworkError(f"cannot reach {url}: {reason}", hint)
