"""Stores recordings while they happen, in a thread of its own.

The stream that is being recorded never waits for the disk: what is seen is handed over and written
by the thread, which commits what has gathered since its last commit. A read is thus on disk within
a commit's time (tens of microseconds; under load the batches grow by themselves), and a recorder
that is killed leaves all but the last moment.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Self

from streamlab.errors import StoreError
from streamlab.recording import End, Mark, Read, Recording, Response
from streamlab.store.connect import open_library, store_errors, transaction
from streamlab.store.rows import (
    LiveEvents,
    end_columns,
    marks_column,
    read_rows,
    recording_row,
    response_columns,
)
from streamlab.store.statements import delete, derive, insert_rows, update_recording

__all__ = ["RecordingWriter", "Writer"]

_BATCH_MAX: Final = 2000


@dataclass(slots=True)
class _Progress:
    """What the thread keeps of a recording under way."""

    recording_id: str
    live_events: LiveEvents
    marks: list[Mark] = field(default_factory=list)
    read_count: int = 0


_Task = Callable[[], None]


class Writer:
    """Takes any number of recordings at once, from any thread. A context manager, or `close` it.

    If the library cannot be written (disk full, locked for too long), recording stops and the
    streams go on: `error` is set, what comes after is dropped, and `close` raises it.
    """

    def __init__(self, path: Path, *, recorder: str) -> None:
        self.error: StoreError | None = None
        self._path = path
        self._recorder = recorder
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._connection = open_library(path, create=True)
        self._thread = threading.Thread(target=self._run, name="streamlab-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, recording: Recording) -> "RecordingWriter":
        """A recording begins; what is known of it so far is stored."""
        progress = _Progress(recording.id, LiveEvents(recording.id, recording.request.url))

        def task() -> None:
            rows = [recording_row(recording, self._recorder)]
            insert_rows(self._connection, "recordings", rows)

        self._tasks.put(task)
        return RecordingWriter(self._connection, self._tasks, progress)

    def close(self) -> None:
        """Write what is left and close the file. StoreError if not everything could be stored."""
        if self._thread.is_alive():
            self._tasks.put(None)
            self._thread.join()
            self._connection.close()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._gather()
            if self.error is not None:
                continue
            try:
                with store_errors(self._path), transaction(self._connection):
                    for task in batch:
                        task()
            except StoreError as error:
                self.error = error

    def _gather(self) -> tuple[list[_Task], bool]:
        """Wait for a task, take those behind it too; False when the last one was asked for."""
        batch: list[_Task] = []
        task = self._tasks.get()
        while task is not None:
            batch.append(task)
            if len(batch) >= _BATCH_MAX:
                return batch, True
            try:
                task = self._tasks.get_nowait()
            except Empty:
                return batch, True
        return batch, False


class RecordingWriter:
    """Stores one recording under way. No method waits for the disk."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        tasks: "SimpleQueue[_Task | None]",
        progress: _Progress,
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._progress = progress

    def mark(self, mark: Mark) -> None:
        """A mark, after those before it."""
        self._progress.marks.append(mark)
        self._update({"marks": marks_column(self._progress.marks)})

    def respond(self, response: Response) -> None:
        """The response head."""
        self._progress.live_events.response = response
        self._update(response_columns(response))

    def read(self, read: Read) -> None:
        """A read."""

        def task() -> None:
            progress = self._progress
            rows = read_rows(progress.recording_id, [read], first_seq=progress.read_count)
            progress.read_count += 1
            insert_rows(self._connection, "reads", rows)
            insert_rows(self._connection, "events", progress.live_events.feed(read))

        self._tasks.put(task)

    def finish(self, end: End) -> None:
        """The end; what is derived from the recording is made."""
        self._update(end_columns(end))
        self._tasks.put(lambda: derive(self._connection, self._progress.recording_id))

    def discard(self) -> None:
        """Forget the recording: nothing was sent, so there is nothing to remember."""

        recording_id = self._progress.recording_id
        self._tasks.put(lambda: delete(self._connection, recording_id))

    def _update(self, columns: dict[str, object]) -> None:
        recording_id = self._progress.recording_id
        self._tasks.put(lambda: update_recording(self._connection, recording_id, columns))
