"""Stores recordings while they happen, in a thread of its own.

Theory of operation
-------------------
The stream that is being recorded never waits for the disk: what is seen is put into a queue, and
that is all the recorder pays. The thread takes what has gathered every few milliseconds and commits
it at once, so a recorder that is killed leaves all but its last moment. Only the evidence is
written on the way. What is derived from it is made when there is nothing left to write, from the
rows that say they lack it (`derivation`): it is never lost, only late. A recorder that has many
streams at once leaves it to a second process, so that the first has its interpreter for itself.

A program that forgets to close its writer loses nothing: at the interpreter's exit, what was handed
over is written.
"""

import atexit
import sqlite3
import threading
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import ClassVar, Final, NamedTuple, Self

from streamlab.errors import StoreError
from streamlab.recording import End, Mark, Read, Recording, Request, Response
from streamlab.store.connect import open_library, store_errors, transaction
from streamlab.store.derivation import derive_ended, next_underived
from streamlab.store.deriver import Deriver
from streamlab.store.filing import give_back
from streamlab.store.rows import (
    ReadRow,
    Row,
    end_columns,
    marks_column,
    recording_row,
    response_columns,
)
from streamlab.store.statements import delete, insert_reads, insert_recording, update_recording

__all__ = ["OnError", "RecordingWriter", "Writer"]

OnError = Callable[[StoreError], None]

# How long a batch gathers: a small part of the 100 ms that a killed recorder may lose. Waking the
# thread for each read would cost the recorder ten times what handing it over does.
_GATHER_S: Final = 0.02
_BATCH_MAX: Final = 10_000
# How often somebody who waits for the thread looks whether it is still there.
_LIFE_SIGN_S: Final = 0.1


class _Begun:
    """A recording that begins: its row, and its number once that is stored."""

    __slots__ = ("id", "number", "row")

    def __init__(self, row: Row) -> None:
        self.id = str(row["id"])
        self.row = row
        self.number = 0


class _Change(NamedTuple):
    """Columns of a recording; None where it is to be forgotten."""

    begun: _Begun
    columns: Row | None


_BegunRead = tuple[_Begun, int, int, bytes]  # (of which recording, seq, at_ns, data)
# An event is set when all that stands before it is on disk; None is the last.
_Task = _Begun | _Change | _BegunRead | threading.Event | None
_Tasks = SimpleQueue[_Task]


class Writer:
    """Takes any number of recordings at once, from any thread. A context manager, or `close` it.

    `recorder` names this process (`process.this_process`); `derives_apart` has a second process
    derive events, metrics and findings. If the library cannot be written (disk full, locked for too
    long), recording stops and the streams go on: `error` is set, what comes after is dropped,
    `on_error` is told once, from another thread, and `close` raises it.
    """

    def __init__(
        self,
        path: Path,
        *,
        recorder: str,
        derives_apart: bool = False,
        on_error: OnError | None = None,
    ) -> None:
        self._recorder = recorder
        deriver = Deriver(path, recorder) if derives_apart else None
        self._worker = _Worker(path, recorder, deriver, on_error)
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
        begun = _Begun(recording_row(recording, self._recorder) | {"is_filed": 0})
        self._tasks.put(begun)
        return RecordingWriter(self, self._tasks, begun)

    def flush(self) -> None:
        """Wait until everything handed over so far is on disk, or dropped for an `error`."""
        written = threading.Event()
        self._tasks.put(written)
        self._worker.hurry.set()
        while self._worker.thread.is_alive() and not written.wait(_LIFE_SIGN_S):
            pass

    def stop(self) -> None:
        """Write and derive what is left, and close the file."""
        self._worker.stop()

    def close(self) -> None:
        """As `stop`. StoreError if not everything could be stored."""
        self.stop()
        if self.error is not None:
            raise self.error


class _Worker:
    """The thread and its connection. It knows no `Writer`, so that a forgotten one can go."""

    _running: ClassVar["set[_Worker]"] = set()

    def __init__(
        self, path: Path, recorder: str, deriver: Deriver | None, on_error: OnError | None
    ) -> None:
        self.error: StoreError | None = None
        self.tasks: _Tasks = SimpleQueue()
        self.hurry = threading.Event()
        self.connection = open_library(path, create=True)
        self._path = path
        self._recorder = recorder
        self._deriver = deriver
        self._on_error = on_error
        self._underived: str | None = None
        self.thread = threading.Thread(target=self._run, name="streamlab-writer", daemon=True)
        self._running.add(self)
        self.thread.start()

    def stop(self) -> None:
        if self.thread.is_alive():
            self.tasks.put(None)
            self.hurry.set()
            self.thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch = self._gather()
            is_open = None not in batch
            self._store(batch)
            if not batch:
                self._guarded(self._derive)
        if self._deriver is not None:
            self._deriver.stop()
        self._derive_all()
        self._guarded(partial(give_back, self.connection))
        self.connection.close()
        self._running.discard(self)

    def _gather(self) -> list[_Task]:
        """What there is to store, once some has gathered; nothing if there is time to derive."""
        batch: list[_Task] = []
        if self._underived is None or self._deriver is not None:
            batch.append(self.tasks.get())
            self.hurry.wait(_GATHER_S)
            self.hurry.clear()
        while len(batch) < _BATCH_MAX:
            try:
                batch.append(self.tasks.get_nowait())
            except Empty:
                break
        return batch

    def _store(self, batch: list[_Task]) -> None:
        if batch:
            self._guarded(partial(self._write, batch))
        awaited = [task for task in batch if isinstance(task, threading.Event)]
        if awaited and self._deriver is None:
            self._derive_all()
        for event in awaited:
            event.set()

    def _write(self, batch: list[_Task]) -> None:
        with transaction(self.connection):
            _write(self.connection, batch)
        if any(isinstance(task, _Change) for task in batch):
            self._underived = next_underived(self.connection, self._recorder)
            if self._underived is not None and self._deriver is not None:
                self._deriver.wake()

    def _derive_all(self) -> None:
        self._guarded(self._derive)
        while self._underived is not None and self.error is None:
            self._guarded(self._derive)

    def _derive(self) -> None:
        """Derive a recording that lacks it, and look for the next."""
        underived, self._underived = self._underived, None
        if underived is not None:
            derive_ended(self.connection, underived)
        self._underived = next_underived(self.connection, self._recorder)

    def _guarded(self, action: Callable[[], None]) -> None:
        """After the first error nothing more is stored."""
        if self.error is None:
            try:
                with store_errors(self._path):
                    action()
            except StoreError as error:
                self.error = error
                if self._on_error is not None:
                    self._on_error(error)

    @classmethod
    def stop_all(cls) -> None:
        """The thread is a daemon, so that it never keeps a program from ending; this waits."""
        for worker in list(cls._running):
            worker.stop()


atexit.register(_Worker.stop_all)


def _write(connection: sqlite3.Connection, batch: list[_Task]) -> None:
    """What a batch says of a recording is written at once, with its row if that is new."""
    changes = [task for task in batch if isinstance(task, _Change)]
    columns: dict[_Begun, Row] = {}
    for begun, changed in changes:
        columns.setdefault(begun, {}).update(changed or {})
    for begun in (task for task in batch if isinstance(task, _Begun)):
        begun.number = insert_recording(connection, begun.row | columns.pop(begun, {}))
    # A bytearray: sqlite3 asks of bytes whether they are to be adapted, which takes as long as the
    # rest of inserting them.
    reads: list[ReadRow] = [
        (task[0].number, task[1], task[2], bytearray(task[3]))
        for task in batch
        if isinstance(task, tuple) and not isinstance(task, _Change)
    ]
    insert_reads(connection, reads, "new_reads")
    for begun, changed in columns.items():
        if changed:
            update_recording(connection, begun.id, changed)
    for begun, changed in changes:
        if changed is None:
            delete(connection, begun.id)


class RecordingWriter:
    """Stores one recording under way. No method waits for the disk."""

    def __init__(self, writer: Writer, tasks: _Tasks, begun: _Begun) -> None:
        self._writer = writer  # which lives as long as its streams
        self._put = tasks.put
        self._begun = begun
        self._marks: list[Mark] = []
        self._read_count = 0

    def send(self, request: Request) -> None:
        """The request's body, which was not known at the beginning."""
        self._update({"request_body": request.body})

    def mark(self, mark: Mark) -> None:
        """A mark, after those before it."""
        self._marks.append(mark)
        self._update({"marks": marks_column(self._marks)})

    def respond(self, response: Response) -> None:
        """The response head."""
        self._update(response_columns(response))

    def read(self, read: Read) -> None:
        """A read."""
        self._put((self._begun, self._read_count, read.at_ns, read.data))
        self._read_count += 1

    def finish(self, end: End) -> None:
        """The end; what is derived from the recording will be made."""
        self._update(end_columns(end))

    def discard(self) -> None:
        """Forget the recording: nothing was sent, so there is nothing to remember."""
        self._put(_Change(self._begun, None))

    def _update(self, columns: Row) -> None:
        self._put(_Change(self._begun, columns))
