"""One request, recorded: what `streamlab record URL` does."""

from contextlib import closing
from dataclasses import dataclass, field

import httpx

from streamlab.clock import Clock, SystemClock
from streamlab.errors import InputError, NetworkError
from streamlab.record.active import ActiveRecording, Labels, Listener
from streamlab.record.passing import received
from streamlab.record.recorder import header_pairs
from streamlab.record.redacted import begin_recording
from streamlab.recording import Read, Recording, Request, Response
from streamlab.redaction import Redaction, redact_text, redact_url
from streamlab.store import Writer

__all__ = ["Options", "record_once"]


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
    """How to record. `silence_s` is the longest wait for the response or its next bytes, `redact`
    what is redacted besides credentials."""

    name: str = ""
    tags: tuple[str, ...] = ()
    connect_s: float = 10.0
    silence_s: float = 120.0
    redact: Redaction = field(default_factory=Redaction)


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
    heard = _Guarded(listener) if listener is not None else None
    timeout = httpx.Timeout(options.silence_s, connect=options.connect_s)
    with httpx.Client(timeout=timeout, transport=transport) as client:
        outgoing = _outgoing(client, request)
        sent = Request(
            method=request.method,
            url=str(outgoing.url),
            headers=header_pairs(outgoing.headers),
            body=request.body,
        )
        labels = Labels(
            name=options.name, source="record", tags=options.tags, redact=options.redact
        )
        active = begin_recording(sent, labels, writer, clock, keeps_reads=True, listener=heard)
        outgoing.extensions["trace"] = lambda event, _: active.trace(event)
        _record(client, outgoing, active)
    if heard is not None and heard.error is not None:
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


def _record(client: httpx.Client, outgoing: httpx.Request, active: ActiveRecording) -> None:
    """Send and read to the end; every end becomes a reason of the recording."""
    try:
        with active.watch():
            response = client.send(outgoing, stream=True)
            with closing(response):
                headers = header_pairs(response.headers)
                active.respond(response.status_code, headers, response.http_version)
                for _ in received(response.iter_raw(), active):
                    pass
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise _not_sendable(outgoing, error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise _unreachable(outgoing, error) from error
    except (httpx.TransportError, KeyboardInterrupt):
        pass  # ends like others, and recorded


def _not_sendable(outgoing: httpx.Request, error: Exception) -> InputError:
    message = f"cannot send a request to {redact_url(str(outgoing.url))}: {error}"
    return InputError(message, "a URL starts with http:// or https://")


def _unreachable(outgoing: httpx.Request, error: Exception) -> NetworkError:
    url = redact_url(str(outgoing.url))
    reason = redact_text(str(error)) or type(error).__name__
    hint = "check the host, the port and the network; nothing was sent, so nothing is recorded"
    return NetworkError(f"cannot reach {url}: {reason}", hint)
