"""Prints a stream while it is being recorded, and says at its end what it was."""

import codecs
import sys
from pathlib import Path

from streamlab.analysis import LiveStream, ReadEvent, analyze
from streamlab.cli._console import narrate, print_text
from streamlab.content_coding import ContentDecoder
from streamlab.finding import find, is_clean
from streamlab.recording import Read, Recording, Response
from streamlab.report import counts_text, format_ns, format_rate, one_line, visible

__all__ = ["LivePrinter", "close_recording"]


class LivePrinter:
    """A `record.Listener` that prints to stdout: the text of a stream's events as its dialect reads
    it, any other body as it is without its content coding, or with `raw` the bytes. What a body is
    may show only at its end: `close` then prints what is left."""

    def __init__(self, url: str, *, raw: bool, quiet: bool) -> None:
        self._raw = raw
        self._quiet = quiet
        self._stream = LiveStream(url)
        self._content = ContentDecoder(())
        self._characters = codecs.getincrementaldecoder("utf-8")("replace")
        # The text so far of a body of which it is not known yet whether it has events.
        self._held = ""

    def on_response(self, response: Response) -> None:
        """See `record.Listener`."""
        self._stream.response = response
        self._content = ContentDecoder(response.headers)

    def on_read(self, data: Read) -> None:
        """See `record.Listener`."""
        if self._quiet:
            return
        if self._raw:
            sys.stdout.buffer.write(data.data)
            sys.stdout.buffer.flush()
            return
        self._print_events(self._stream.feed(data))
        if self._stream.framing in {None, "none"}:
            self._held += self._characters.decode(b"".join(self._content.feed(data.data)))
        if self._stream.framing == "none":
            self._print_held()

    def close(self, recording: Recording) -> None:
        """The recording that was listened to has ended."""
        if self._quiet or self._raw:
            return
        is_complete = recording.end is not None and recording.end.reason == "complete"
        self._print_events(self._stream.close(is_complete=is_complete))
        if self._stream.framing == "none":
            self._print_held()

    def _print_events(self, events: list[ReadEvent]) -> None:
        print_text("".join(map(self._text, events)))

    def _print_held(self) -> None:
        print_text(visible(self._held))
        self._held = ""

    def _text(self, event: ReadEvent) -> str:
        if self._stream.detection is None:
            data = event.event.data
            return "" if data == "[DONE]" else visible(data) + "\n"
        return "".join(visible(delta.text) for delta in event.deltas if delta.is_output)


def close_recording(recording: Recording, db: Path) -> int:
    """Say on stderr what was recorded; the exit code: 0 if the stream is clean, else 1."""
    analysis = analyze(recording)
    findings = find(recording, analysis=analysis)
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
    if any(finding.severity != "info" for finding in findings):
        hint = f"`streamlab check {recording.id}` shows them"
        narrate("  ", counts_text(findings), f"; {hint}")
    named = f" as {one_line(recording.name, 60)}" if recording.name else ""
    narrate("recorded ", (recording.id, "cyan"), f"{named} in {db}")
    return 0 if is_clean(findings) else 1
