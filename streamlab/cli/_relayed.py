"""Says what a proxy has recorded."""

from streamlab.cli._console import narrate
from streamlab.recording import Recording
from streamlab.report import format_ns, one_line

__all__ = ["narrate_relayed"]


def narrate_relayed(recording: Recording) -> None:
    """A line: id, request, status, end."""
    status = str(recording.response.status) if recording.response else "-"
    end = recording.end
    ended = f"{end.reason} after {format_ns(end.at_ns)}" if end else ""
    asked = one_line(f"{recording.request.method} {recording.request.url}", 100)
    narrate((recording.id, "cyan"), f" {asked} {status} {ended}")
