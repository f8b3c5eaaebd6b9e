"""Stores recordings while they happen, in a thread of its own.

The stream that is being recorded never waits for the disk: what is seen is handed over and written
by the thread, which commits what has gathered since its last commit. A read is thus on disk within
a commit's time (tens of microseconds; under load the batches grow by themselves), and a recorder
that is killed leaves all but the last moment. One that merely forgets to close its writer loses
nothing: at the interpreter's exit, what was handed over is written.
"""

import atexit
import sqlite3
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import ClassVar, Final, Self

from streamlab.analysis import LiveStream
from streamlab.errors import StoreError
from streamlab.recording import End, Mark, Read, Recording, Request, Response
from streamlab.store.connect import open_library, store_errors, transaction
from streamlab.store.rows import (
    end_columns,
    event_row,
    marks_column,
    read_rows,
    recording_row,
    response_columns,
)
from streamlab.store.statements import delete, derive, insert_rows, update_recording

__all__ = ["RecordingWriter", "Writer"]

_BATCH_MAX: Final = 2000
# How often somebody who waits for the thread looks whether it is still there.
_LIFE_SIGN_S: Final = 0.1


@dataclass(slots=True)
class _Progress:
    """What the thread keeps of a recording under way."""

    recording_id: str
    live: LiveStream
    marks: list[Mark] = field(default_factory=list)
    read_count: int = 0
    event_count: int = 0
    is_live: bool = True


# Tens of milliseconds of work behind: what can wait for the end of a recording does.
_LIVE_QUEUE_MAX: Final = 500

_Task = Callable[[], None]
# An event is set when all that stands before it is on disk; None is the last that is taken.
_Tasks = SimpleQueue[_Task | threading.Event | None]


class Writer:
    """Takes any number of recordings at once, from any thread. A context manager, or `close` it.

    If the library cannot be written (disk full, locked for too long), recording stops and the
    streams go on: `error` is set, what comes after is dropped, and `close` raises it.
    """

    def __init__(self, path: Path, *, recorder: str) -> None:
        self._recorder = recorder
        self._worker = _Worker(path)
        self._tasks = self._worker.tasks
        # A writer that nobody holds any more, not even a stream, has been given all it will get.
        weakref.finalize(self, self._tasks.put, None).atexit = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def error(self) -> StoreError | None:
        """Why recording has stopped, if it has."""
        return self._worker.error

    def begin(self, recording: Recording) -> "RecordingWriter":
        """A recording begins; what is known of it so far is stored."""
        progress = _Progress(recording.id, LiveStream(recording.request.url))
        connection = self._worker.connection

        def task() -> None:
            rows = [recording_row(recording, self._recorder)]
            insert_rows(connection, "recordings", rows)

        self._tasks.put(task)
        return RecordingWriter(self, connection, self._tasks, progress)

    def flush(self) -> None:
        """Wait until everything handed over so far is on disk, or dropped for an `error`."""
        written = threading.Event()
        self._tasks.put(written)
        while self._worker.thread.is_alive() and not written.wait(_LIFE_SIGN_S):
            pass

    def stop(self) -> None:
        """Write what is left and close the file."""
        self._worker.stop()

    def close(self) -> None:
        """As `stop`. StoreError if not everything could be stored."""
        self.stop()
        if self.error is not None:
            raise self.error


class _Worker:
    """The thread and its connection. It knows no `Writer`, so that a forgotten one can go."""

    _running: ClassVar["set[_Worker]"] = set()

    def __init__(self, path: Path) -> None:
        self.error: StoreError | None = None
        self.tasks: _Tasks = SimpleQueue()
        self.connection = open_library(path, create=True)
        self._path = path
        self.thread = threading.Thread(target=self._run, name="streamlab-writer", daemon=True)
        self._running.add(self)
        self.thread.start()

    def stop(self) -> None:
        if self.thread.is_alive():
            self.tasks.put(None)
            self.thread.join()

    def _run(self) -> None:
        while self._store():
            pass
        self.connection.close()
        self._running.discard(self)

    def _store(self) -> bool:
        """Store what there is; False after the last. While it waits it holds no task, no writer."""
        batch, is_open = self._gather()
        if self.error is None:
            try:
                with store_errors(self._path), transaction(self.connection):
                    for task in batch:
                        if not isinstance(task, threading.Event):
                            task()
            except StoreError as error:
                self.error = error
        for task in batch:
            if isinstance(task, threading.Event):
                task.set()
        return is_open

    def _gather(self) -> tuple[list[_Task | threading.Event], bool]:
        """Wait for a task, take those behind it too; False when the last one was asked for."""
        batch: list[_Task | threading.Event] = []
        task = self.tasks.get()
        while task is not None:
            batch.append(task)
            if len(batch) >= _BATCH_MAX:
                return batch, True
            try:
                task = self.tasks.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    @classmethod
    def stop_all(cls) -> None:
        """The thread is a daemon, so that it never keeps a program from ending; this waits."""
        for worker in list(cls._running):
            worker.stop()


atexit.register(_Worker.stop_all)


class RecordingWriter:
    """Stores one recording under way. No method waits for the disk."""

    def __init__(
        self,
        writer: Writer,
        connection: sqlite3.Connection,
        tasks: _Tasks,
        progress: _Progress,
    ) -> None:
        self._writer = writer  # which lives as long as its streams
        self._connection = connection
        self._tasks = tasks
        self._progress = progress

    def send(self, request: Request) -> None:
        """The request's body, which was not known at the beginning."""
        self._update({"request_body": request.body})

    def mark(self, mark: Mark) -> None:
        """A mark, after those before it."""
        self._progress.marks.append(mark)
        self._update({"marks": marks_column(self._progress.marks)})

    def respond(self, response: Response) -> None:
        """The response head."""
        self._progress.live.response = response
        self._update(response_columns(response))

    def read(self, read: Read) -> None:
        """A read."""
        self._tasks.put(partial(self._insert, read))

    def _insert(self, read: Read) -> None:
        progress = self._progress
        rows = read_rows(progress.recording_id, [read], first_seq=progress.read_count)
        progress.read_count += 1
        insert_rows(self._connection, "reads", rows)
        # Reads first: under load events wait for the end of their recording, when all are derived.
        progress.is_live = progress.is_live and self._tasks.qsize() < _LIVE_QUEUE_MAX
        if progress.is_live:
            events = progress.live.feed(read)
            numbered = enumerate(events, progress.event_count)
            rows = [event_row(progress.recording_id, seq, event) for seq, event in numbered]
            progress.event_count += len(rows)
            insert_rows(self._connection, "events", rows)

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
