"""Clients that run in processes of their own: each worker takes a job as a line of JSON."""

import json
import select
import subprocess
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

__all__ = ["Answer", "Worker"]

# Nothing takes nearly as long: what hangs fails its test instead of blocking it.
WAIT_S = 30


@dataclass(frozen=True)
class Answer:
    """The text that a client got, and the name of the error that ended it, or ""."""

    text: str
    error: str


class Worker:
    """A running worker; it ends with its block. `wait_s` is how long a job may take."""

    def __init__(self, command: list[str | Path], *, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._process.communicate(timeout=WAIT_S)
        finally:
            self._process.kill()

    def ask(self, **job: object) -> Answer:
        """What came of a job. Threads that ask at once are answered one by one."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            stdin.write(json.dumps(job) + "\n")
            stdin.flush()
            readable, _, _ = select.select([stdout], [], [], self._wait_s)
            assert readable, f"no answer to {job}"
            line = stdout.readline()
        assert line, f"the worker died of {job}"
        return Answer(**json.loads(line))
