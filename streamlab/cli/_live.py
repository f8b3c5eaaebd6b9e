"""Prints a stream while it is being recorded, and says at its end what it was."""

import codecs
import sys
from pathlib import Path

from streamlab.analysis import analyze
from streamlab.cli._console import narrate, print_text
from streamlab.dialect import EVENTS_LOOKED_AT, Detection, detect, read
from streamlab.recording import Read, Recording, Response
from streamlab.report import format_ns, format_rate, one_line, visible
from streamlab.sse import Event
from streamlab.timeline import Timeline, is_event_stream

__all__ = ["LivePrinter", "close_recording"]


class LivePrinter:
    """A `record.Listener` that prints to stdout: the text of an event stream as its dialect reads
    it, any other body as it is, or with `raw` the bytes."""

    def __init__(self, url: str, *, raw: bool, quiet: bool) -> None:
        self._url = url
        self._raw = raw
        self._quiet = quiet
        self._response: Response | None = None
        self._timeline: Timeline | None = None
        self._has_read = False
        self._events: list[Event] = []
        self._detection: Detection | None = None
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")

    def on_response(self, response: Response) -> None:
        """See `record.Listener`."""
        self._response = response

    def on_read(self, data: Read) -> None:
        """See `record.Listener`."""
        if self._quiet:
            return
        if self._raw:
            sys.stdout.buffer.write(data.data)
            sys.stdout.buffer.flush()
            return
        if not self._has_read:
            self._has_read = True
            self._timeline = Timeline() if is_event_stream(self._response, data.data) else None
        if self._timeline is None:
            print_text(visible(self._characters.decode(data.data)))
        else:
            items = [arrival.item for arrival in self._timeline.feed(data)]
            print_text("".join(self._text(item) for item in items if isinstance(item, Event)))

    def _text(self, event: Event) -> str:
        if self._detection is None and len(self._events) < EVENTS_LOOKED_AT:
            self._events.append(event)
            self._detection = detect(self._url, self._events)
        if self._detection is None:
            return "" if event.data == "[DONE]" else visible(event.data) + "\n"
        deltas = read(self._detection, event)
        return "".join(visible(delta.text) for delta in deltas if delta.is_output)


def close_recording(recording: Recording, db: Path) -> int:
    """Say on stderr what was recorded; the exit code: 0 if the stream is clean, else 1."""
    analysis = analyze(recording)
    end = recording.end
    assert end is not None
    style = "green" if end.reason == "complete" else "bold red"
    tokens = "" if analysis.output_tokens is None else f", {analysis.output_tokens} tokens"
    rate = "" if analysis.tps_user is None else f" at {format_rate(analysis.tps_user)}"
    ttft = "" if analysis.ttft_ns is None else f", first token after {format_ns(analysis.ttft_ns)}"
    if sys.stdout.isatty():
        narrate("")
    status = f"HTTP {analysis.status}, " if analysis.status else "no response, "
    narrate(status, (end.reason, style), f" after {format_ns(end.at_ns)}{ttft}{tokens}{rate}")
    if end.detail:
        narrate(("  " + one_line(end.detail, 300), "dim"))
    for error in analysis.errors:
        narrate(("  error: ", "bold red"), one_line(error, 300))
    if analysis.malformed:
        hint = f"`streamlab analyze {recording.id}` shows them"
        narrate((f"  {len(analysis.malformed)} malformed", "bold red"), f"; {hint}")
    named = f" as {one_line(recording.name, 60)}" if recording.name else ""
    narrate("recorded ", (recording.id, "cyan"), f"{named} in {db}")
    return 0 if analysis.is_clean else 1
