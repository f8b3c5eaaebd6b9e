"""Says what a proxy has recorded, and that it cannot."""

from streamlab.cli._console import narrate
from streamlab.errors import StoreError
from streamlab.recording import Recording
from streamlab.report import format_ns, one_line

__all__ = ["narrate_relayed", "narrate_stop"]


def narrate_relayed(recording: Recording) -> None:
    """A line: id, request, status, end."""
    status = str(recording.response.status) if recording.response else "-"
    end = recording.end
    ended = f"{end.reason} after {format_ns(end.at_ns)}" if end else ""
    asked = one_line(f"{recording.request.method} {recording.request.url}", 100)
    narrate((recording.id, "cyan"), f" {asked} {status} {ended}")


def narrate_stop(error: StoreError) -> None:
    """Nothing is stored any more; the streams go on."""
    narrate(("recording has stopped, streams still pass: ", "bold red"), str(error))
