"""Prints a time line while its recording grows."""

import threading
from pathlib import Path
from typing import Final

from rich.console import Console

from streamlab.report import event_rows, row_line
from streamlab.store import Library

__all__ = ["follow_events"]

_FOLLOW_S: Final = 0.1


def follow_events(recording_id: str, db: Path, types: list[str], kinds: list[str]) -> None:
    """Print events as they come into the library, until the recording has ended."""
    console = Console(highlight=False, soft_wrap=True)
    pause = threading.Event()
    shown, last_ns, ended = 0, 0, False
    with Library(db) as library:
        while not ended:
            recording = library.load(recording_id)
            for row in event_rows(recording, types, kinds)[shown:]:
                console.print(row_line(row, row.at_ns - last_ns))
                shown, last_ns = shown + 1, row.at_ns
            ended = recording.end is not None
            pause.wait(0 if ended else _FOLLOW_S)
