"""A second process that derives events, metrics and findings, so that a recorder need not.

It is told nothing but to look: which recordings lack what is derived stands in the library. If it
dies, or is stopped half way, they still say so.
"""

import os
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from streamlab.store.connect import open_library, store_errors
from streamlab.store.derivation import derive_ended, next_underived

__all__ = ["Deriver", "run"]

# Behind the recorder, the program it records, and whatever else has something to do.
_NICENESS: Final = 10
_MAIN: Final = f"import sys; from {__name__} import run; run(*sys.argv[1:])"


class Deriver:
    """The process, seen from the recorder's. It is started when there is something to derive."""

    def __init__(self, path: Path, recorder: str) -> None:
        # -P: what lies in the folder it is started from is not to be imported.
        self._command = [sys.executable, "-P", "-c", _MAIN, str(path), recorder]
        self._process: subprocess.Popen[bytes] | None = None

    def wake(self) -> None:
        """A recording has ended."""
        if self._process is None:
            # A session of its own: Ctrl-C in the terminal is meant for the recorder alone.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and words
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has died; its work is still marked as undone
            self._process.stdin.write(b"\n")

    def stop(self) -> None:
        """Let it stop where it is: SQLite undoes what it has not committed."""
        if self._process is not None:
            self._process.kill()
            with self._process:
                pass


def run(path: str, recorder: str) -> None:
    """What the process does: derive what the recordings of `recorder` lack, whenever something
    comes on stdin, until that is closed."""
    os.nice(_NICENESS)
    connection = open_library(Path(path), create=False)
    with closing(connection), store_errors(Path(path)):
        while os.read(sys.stdin.fileno(), 4096):
            while (underived := next_underived(connection, recorder)) is not None:
                derive_ended(connection, underived)
