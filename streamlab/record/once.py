"""One request, recorded: what `streamlab record URL` does."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

import httpx

from streamlab.clock import Clock, SystemClock
from streamlab.errors import InputError, NetworkError
from streamlab.http_libraries import header_pairs
from streamlab.record.active import ActiveRecording, Labels, Listener
from streamlab.record.passing import received
from streamlab.record.redacted import begin_recording
from streamlab.recording import Read, Recording, Request, Response
from streamlab.redaction import Redaction, redact_text, redact_url
from streamlab.store import Writer

__all__ = ["Options", "record_once"]

# Longer than that, nobody is there.
_MAX_CONNECT_S: Final = 10.0


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
    """How to record.

    `silence_s` is the longest wait for the next bytes of the body, `first_byte_s` that for bytes of
    the response's head (None: as long), `connect_s` that for the connection, TLS included (None: as
    long, but 10 s at most). `redact` says what is redacted besides credentials.
    """

    name: str = ""
    tags: tuple[str, ...] = ()
    connect_s: float | None = None
    first_byte_s: float | None = None
    silence_s: float = 120.0
    redact: Redaction = field(default_factory=Redaction)

    def timeout(self) -> httpx.Timeout:
        """What httpx is told: it has one limit for all reads, here that for those of the head."""
        connect_s, first_byte_s = self.connect_s, self.first_byte_s
        return httpx.Timeout(
            self.silence_s,
            connect=min(self.silence_s, _MAX_CONNECT_S) if connect_s is None else connect_s,
            read=self.silence_s if first_byte_s is None else first_byte_s,
        )


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
    NetworkError if the server cannot be reached: then there is nothing to record, unless it was
    the waiting that took too long, which is recorded as `unreachable`.
    """
    options = options or Options()
    clock = clock or SystemClock()
    heard = _Guarded(listener) if listener is not None else None
    with httpx.Client(timeout=options.timeout(), transport=transport) as client:
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
        _record(client, outgoing, active, options)
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


def _record(
    client: httpx.Client, outgoing: httpx.Request, active: ActiveRecording, options: Options
) -> None:
    """Send and read to the end; every end becomes a reason of the recording."""
    try:
        with active.watch():
            response = _send(client, outgoing, active)
            # httpcore looks here again when it begins to read the body.
            outgoing.extensions["timeout"]["read"] = options.silence_s
            with closing(response):
                headers = header_pairs(response.headers)
                active.respond(response.status_code, headers, response.http_version)
                for _ in received(_body(response, options.silence_s), active):
                    pass
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise _not_sendable(outgoing, error) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise _unreachable(outgoing, error) from error
    except (httpx.TransportError, KeyboardInterrupt):
        pass  # ends like others, and recorded


def _send(client: httpx.Client, outgoing: httpx.Request, active: ActiveRecording) -> httpx.Response:
    """The response without its body. A limit that was exceeded is named in the exception."""
    limits_s = outgoing.extensions["timeout"]
    try:
        return client.send(outgoing, stream=True)
    except httpx.ConnectTimeout as error:
        # A wait as long as this one is worth knowing later: not discarded, as a refusal would be.
        detail = f"connect timeout after {limits_s['connect']:g} s"
        active.finish("unreachable", detail)
        raise httpx.ConnectTimeout(detail) from error
    except httpx.WriteTimeout as error:
        detail = f"the server took nothing of the request for {limits_s['write']:g} s"
        raise httpx.WriteTimeout(detail) from error
    except httpx.ReadTimeout as error:
        detail = f"no byte of the response for {limits_s['read']:g} s"
        raise httpx.ReadTimeout(detail) from error


def _body(response: httpx.Response, silence_s: float) -> Iterator[bytes]:
    """The reads of the body. A silence that was too long is named in the exception."""
    try:
        yield from response.iter_raw()
    except httpx.ReadTimeout as error:
        came = response.num_bytes_downloaded
        detail = f"silence of {silence_s:g} s after {came} bytes of the body"
        raise httpx.ReadTimeout(detail) from error


def _not_sendable(outgoing: httpx.Request, error: Exception) -> InputError:
    message = f"cannot send a request to {redact_url(str(outgoing.url))}: {error}"
    return InputError(message, "a URL starts with http:// or https://")


def _unreachable(outgoing: httpx.Request, error: Exception) -> NetworkError:
    url = redact_url(str(outgoing.url))
    reason = redact_text(str(error)) or type(error).__name__
    hint = "check the host, the port and the network; nothing was sent, so nothing is recorded"
    return NetworkError(f"cannot reach {url}: {reason}", hint)
