"""What the recording transports share: where recordings go, and what every one of them is given."""

import os
import warnings
from pathlib import Path
from typing import Any
from weakref import WeakSet

from streamlab.clock import Clock, SystemClock
from streamlab.http_libraries import header_pairs
from streamlab.record.active import ActiveRecording, Labels
from streamlab.record.redacted import begin_recording
from streamlab.recording import Request
from streamlab.redaction import Redaction
from streamlab.store import Library, Writer

__all__ = ["Recorder", "Store", "asked", "known_body"]

Store = str | os.PathLike[str] | Library | Writer


class Recorder:
    """Begins a recording for each request, and knows which of them are under way.

    A library that cannot be written never disturbs a stream and never raises from here: it is told
    by one warning, at the next request or at closing. Closing happens on the way out of the
    program's own code, where an exception would hide what really went wrong there, and a program
    that never closes should hear of it as well. Who wants the exception opens a `Writer` and closes
    it.
    """

    def __init__(
        self,
        store: Store,
        *,
        name: str,
        tags: tuple[str, ...],
        redact: Redaction | None,
        clock: Clock | None,
    ) -> None:
        self._writer, self._is_ours = _open_writer(store)
        self._labels = Labels(
            name=name, source="transport", tags=tags, redact=redact or Redaction()
        )
        self._clock = clock or SystemClock()
        self._begun: WeakSet[ActiveRecording] = WeakSet()
        self._has_warned = False

    def begin(self, request: Request) -> ActiveRecording:
        """A request is handed to the transport."""
        self.warn()
        active = begin_recording(request, self._labels, self._writer, self._clock)
        self._begun.add(active)
        return active

    def flush(self) -> None:
        """Wait until all that was recorded so far is stored; what is under way goes on."""
        self._writer.flush()

    def settle(self) -> None:
        """The transport is closed: what is under way has ended; wait until all is stored."""
        for active in list(self._begun):
            active.finish("client_closed", "the transport was closed")
        if self._is_ours:
            self._writer.stop()
        else:
            self._writer.flush()

    def warn(self) -> None:
        """Tell of a library that could not be written, once."""
        error = self._writer.error
        if error is not None and not self._has_warned:
            self._has_warned = True
            message = f"streamlab has stopped recording: {error} ({error.hint})"
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def _open_writer(store: Store) -> tuple[Writer, bool]:
    """The writer, and whether it is ours to close."""
    if isinstance(store, Writer):
        return store, False
    if isinstance(store, Library):
        return store.open_writer(), True
    with Library(Path(store), create=True) as library:
        return library.open_writer(), True


# Any: httpx's and httpx2's requests have the same attributes and no class in common.
def asked(request: Any) -> Request:  # noqa: ANN401
    """A request of either, without its body if that is a stream."""
    return Request(
        method=request.method,
        url=str(request.url),
        headers=header_pairs(request.headers),
        body=known_body(request) or b"",
    )


def known_body(request: Any) -> bytes | None:  # noqa: ANN401 - of httpx or httpx2
    """The body, if it is in memory; None if it is a stream, which can be read only once."""
    try:
        return bytes(request.content)
    except RuntimeError:  # RequestNotRead
        return None
