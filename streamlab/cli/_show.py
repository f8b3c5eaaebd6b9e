"""The forms that `show` offers of a recording."""

import sys
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from streamlab.analysis import analyze
from streamlab.recording import Recording
from streamlab.report import (
    events_json,
    events_view,
    one_line,
    reads_json,
    reads_view,
    visible,
)

__all__ = ["shown_json", "shown_text", "shown_view", "write_raw"]


def write_raw(recording: Recording) -> None:
    """The bytes of the body, as they came."""
    sys.stdout.buffer.write(recording.body)
    sys.stdout.buffer.flush()


def shown_text(recording: Recording) -> str:
    """The assembled text; control characters are drawn where a terminal would obey them."""
    text = analyze(recording).text
    return visible(text) + "\n" if sys.stdout.isatty() else text


def shown_json(recording: Recording, types: list[str], *, reads: bool) -> list[dict[str, Any]]:
    """Reads, or events of the given types."""
    if reads:
        return reads_json(recording.reads)
    return [entry for entry in events_json(recording) if not types or entry.get("type") in types]


def shown_view(recording: Recording, types: list[str], *, reads: bool) -> RenderableType:
    """A title and the time line."""
    request = recording.request
    named = f"  {one_line(recording.name, 60)}" if recording.name else ""
    title = Text.assemble(
        (recording.id, "cyan"),
        (named, "bold"),
        (f"  {one_line(f'{request.method} {request.url}', 120)}", "dim"),
    )
    view = reads_view(recording) if reads else events_view(recording, types)
    return Group(title, Text(), view)
