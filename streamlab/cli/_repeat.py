"""`record --repeat`: progress while it goes on, a table of all at the end."""

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from streamlab.cli._console import narrate, show
from streamlab.finding import find, is_clean
from streamlab.record.once import Options
from streamlab.record.repeat import record_repeatedly
from streamlab.recording import Recording, Request
from streamlab.report import ListingView, one_line
from streamlab.store import Library

__all__ = ["record_many"]


def record_many(
    request: Request, db: Path, *, options: Options, repeat: int, concurrency: int
) -> int:
    """Record the request that often; 0 if all streams are clean, else 1."""
    with Library(db, create=True) as library:
        with library.open_writer() as writer, _progress() as progress:
            task = progress.add_task(one_line(request.url, 40), total=repeat)

            def advance(_: Recording) -> None:
                progress.advance(task)

            recordings = record_repeatedly(
                request,
                writer,
                repeat=repeat,
                concurrency=concurrency,
                options=options,
                on_recorded=advance,
            )
        ids = {recording.id for recording in recordings}
        show(ListingView([line for line in library.summaries() if line.id in ids]))
    unclean = sum(not is_clean(find(recording)) for recording in recordings)
    narrate(f"recorded {len(recordings)} in {db}", (f", {unclean} not clean" if unclean else ""))
    return 1 if unclean else 0


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
