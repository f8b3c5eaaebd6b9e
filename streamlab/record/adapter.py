"""An adapter for requests that records what passes through it, as the transports do for httpx."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from streamlab._http1 import BodyReader, ChunkedBody, CloseBody
from streamlab._http1.framing import LengthBody
from streamlab.clock import Clock
from streamlab.errors import StreamlabError
from streamlab.record.active import ActiveRecording
from streamlab.record.recorder import Recorder, Store
from streamlab.record.tap import tapped
from streamlab.recording import Request
from streamlab.redaction import Redaction

try:
    from requests import PreparedRequest, Response
    from requests.adapters import BaseAdapter, HTTPAdapter
except ModuleNotFoundError as error:
    raise StreamlabError(
        "RecordingAdapter is for requests, which is not installed", "pip install requests"
    ) from error

__all__ = ["RecordingAdapter"]


class RecordingAdapter(BaseAdapter):
    """Sends requests as `inner` does, and records each with its response, read by read.

    Mount it on a session for `https://` and `http://`. `store` is the path of a library (made if it
    is not there), or an open `Library` or `Writer`. `inner` is by default what the session would
    use itself: `HTTPAdapter()`. Bytes, exceptions and pace are those of `inner`. A request that
    could not be sent leaves no recording, nor does a response that is not read through urllib3.
    `redact` says what is redacted in what is stored, besides credentials.

    Close it (the session does) to be sure that all is stored so far. If the library cannot be
    written, requests go on and one RuntimeWarning says so. StoreError if it cannot be opened.
    """

    def __init__(
        self,
        store: Store,
        *,
        inner: BaseAdapter | None = None,
        name: str = "",
        tags: tuple[str, ...] = (),
        redact: Redaction | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._inner = inner or HTTPAdapter()
        self._recorder = Recorder(store, name=name, tags=tags, redact=redact, clock=clock)

    def send(
        self,
        request: PreparedRequest,
        *args: Any,  # noqa: ANN401 - what else is said is for inner
        **options: Any,  # noqa: ANN401
    ) -> Response:
        """Send the request; the response records itself while it is read."""
        active = self._recorder.begin(_asked(request))
        with active.watch(), _outgoing(request, active) as outgoing:
            response = self._inner.send(outgoing, *args, **options)
        # What is sent in answer to this response (a redirection, a digest) is sent from these two.
        response.request = request
        response.connection = cast("HTTPAdapter", self)
        _record(response.raw, active)
        return response

    def close(self) -> None:
        """Close `inner`, and wait until what was read so far is stored.

        A session may be used after it was closed, and its responses read on: nothing ends here.
        """
        try:
            self._inner.close()
        finally:
            self._recorder.flush()
            self._recorder.warn()


def _asked(request: PreparedRequest) -> Request:
    headers = [(name, _text(value)) for name, value in request.headers.items()]
    return Request(
        method=request.method or "",
        url=request.url or "",
        headers=tuple(headers),
        body=_known_body(request.body) or b"",
    )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _known_body(body: Any) -> bytes | None:  # noqa: ANN401 - whatever urllib3 takes
    """The body as urllib3 sends it, if it is in memory; None if it is a stream."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    try:
        return None if hasattr(body, "read") else bytes(memoryview(body))
    except TypeError:
        return None


@contextmanager
def _outgoing(request: PreparedRequest, active: ActiveRecording) -> Iterator[PreparedRequest]:
    """The request to send. If its body is a stream it is a copy, whose body is recorded as far as
    it was taken; the program keeps its own, since it may rewind and send that again."""
    if _known_body(request.body) is not None:
        yield request
        return
    passed: list[bytes] = []
    outgoing = request.copy()
    kind = _SentFile if hasattr(request.body, "read") else _SentPieces
    outgoing.body = kind(request.body, passed)
    try:
        yield outgoing
    finally:
        active.send(b"".join(passed))


class _SentPieces:
    """The pieces of a request's body."""

    def __init__(self, body: Any, passed: list[bytes]) -> None:  # noqa: ANN401
        self._body = body
        self._passed = passed

    def __iter__(self) -> Iterator[str | bytes]:
        self._passed.clear()
        for data in self._body:
            self._note(data)
            yield data

    def _note(self, data: str | bytes) -> None:
        self._passed.append(data.encode() if isinstance(data, str) else data)


class _SentFile(_SentPieces):
    """A request's body that is a file: urllib3 reads it, and rewinds it to send it again."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._body, name)

    def read(self, *args: int) -> str | bytes:
        data: str | bytes = self._body.read(*args)
        self._note(data)
        return data

    def seek(self, *args: int) -> int:
        self._passed.clear()
        return int(self._body.seek(*args))


def _record(raw: Any, active: ActiveRecording) -> None:  # noqa: ANN401 - urllib3's, a mock's
    """Put a tap on the file that urllib3 reads the response from.

    That file is the attribute `fp` of http.client's response. It is the one place that all of
    urllib3's ways to read go through (`read` and `read1` by http.client, `read_chunked` around it),
    and both sides stand on it: urllib3 takes HTTP chunks apart on `_fp.fp` and names it in
    `supports_chunked_reads`. A subclass of urllib3's response would have to be told to a pool
    manager, and to those of proxies; it would see pieces as long as the program asks for, instead
    of those that came, and would have no say in `read_chunked`, which is a single loop.
    """
    owner, name = raw, "_fp"  # a mock's body in memory
    framing: BodyReader = CloseBody()
    if hasattr(raw, "_fp") and raw.supports_chunked_reads():
        owner, name = raw._fp, "fp"
        framing = _framing(raw)
    file = getattr(owner, name, None)
    if file is None:
        active.discard()
        return
    version = "HTTP/1.0" if raw.version == 10 else "HTTP/1.1"
    active.respond(raw.status, tuple(raw.headers.items()), version)
    setattr(owner, name, tapped(file, framing, active))


def _framing(raw: Any) -> BodyReader:  # noqa: ANN401
    """How urllib3 takes the body to be framed. It forgives a head with both a length and chunks."""
    if raw.length_remaining is not None:
        return LengthBody(raw.length_remaining)
    return ChunkedBody() if raw.chunked else CloseBody()
