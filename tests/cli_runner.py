"""`streamlab …` for tests: in this process, since most cases need no process of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

from streamlab.cli import main

__all__ = ["Ran", "fails_well", "replaying", "run", "run_process"]


@dataclass(frozen=True)
class Ran:
    """What a run printed and how it ended."""

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, input: str = "") -> Ran:  # noqa: A002 - as subprocess.run has it
    """The command line, with streams of its own and the signals as they were."""
    words = tuple(map(str, arguments))
    out, err = (TextIOWrapper(BytesIO(), "utf-8", newline="") for _ in range(2))
    given = TextIOWrapper(BytesIO(input.encode()), "utf-8")
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        with (
            patch.object(sys, "argv", ["streamlab", *words]),
            patch.object(sys, "stdout", out),
            patch.object(sys, "stderr", err),
            patch.object(sys, "stdin", given),
        ):
            code = _exit_code()
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)
    for stream in (out, err):
        stream.flush()
    return Ran(words, code, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]


def _exit_code() -> int:
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def run_process(*arguments: str | Path) -> Ran:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "streamlab", *map(str, arguments)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    return Ran(tuple(command), ran.returncode, ran.stdout, ran.stderr)


@contextmanager
def replaying(*arguments: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`streamlab replay` in a process of its own, and the URL that it printed."""
    command = [sys.executable, "-m", "streamlab", "replay", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), server
        finally:
            if server.poll() is None:
                server.kill()


def fails_well(ran: Ran, *words: str) -> None:
    """`error:` with what and where, `hint:` with the next step, exit 2, no traceback."""
    assert 2 == ran.returncode, ran
    lines = ran.stderr.splitlines()
    assert lines[-2].startswith("error: "), ran.stderr
    assert lines[-1].startswith("hint: "), ran.stderr
    assert "Traceback" not in ran.stderr
    for word in words:
        assert word in ran.stderr
