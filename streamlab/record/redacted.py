"""A recording under way whose bodies have rules: reads wait for what belongs together."""

from threading import RLock
from typing import Any

from streamlab.clock import Clock
from streamlab.record.active import ActiveRecording, Labels, Listener
from streamlab.recording import EndReason, Read, Request
from streamlab.store import Writer

__all__ = ["RedactedRecording", "begin_recording"]


class RedactedRecording(ActiveRecording):
    """Holds reads back from the store, and from nobody else, until rules can be applied to them."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as the base class has
        super().__init__(*args, **options)
        # A transport may be closed while another thread reads.
        self._lock = RLock()

    def read(self, data: bytes) -> Read:
        """As for any recording; what is stored are reads that have become ready, or none yet."""
        read = Read(at_ns=self.elapsed_ns(), data=data)
        with self._lock:
            if not self._is_over:
                for ready in self._builder.hold(read.at_ns, data):
                    self._store.read(ready)
        if self._listener is not None:
            self._listener.on_read(read)
        return read

    def finish(self, reason: EndReason, detail: str = "") -> None:
        """The stream ends, and nothing waits any longer."""
        with self._lock:
            super().finish(reason, detail)

    def _release(self) -> None:
        for ready in self._builder.release():
            self._store.read(ready)


def begin_recording(
    request: Request,
    labels: Labels,
    writer: Writer,
    clock: Clock,
    *,
    keeps_reads: bool = False,
    listener: Listener | None = None,
) -> ActiveRecording:
    """A recording of `request`, whose t0 is now; of the plain class if no rules are for bodies."""
    kind = RedactedRecording if labels.redact.has_body_rules else ActiveRecording
    return kind(request, labels, writer, clock, keeps_reads=keeps_reads, listener=listener)
