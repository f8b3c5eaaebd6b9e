"""Which process records, and whether it still does."""

import os
import socket
from pathlib import Path

__all__ = ["is_alive", "this_process"]


def this_process() -> str:
    """`host:pid:start`; `start`, where there is a /proc, tells it from a later one with its pid."""
    return f"{socket.gethostname()}:{os.getpid()}:{_stat(os.getpid())[1]}"


def is_alive(process: str) -> bool:
    """Whether a process named by `this_process` still runs; one on another host is taken to, and
    "" is none."""
    if not process:
        return False
    host, _, rest = process.partition(":")
    if host != socket.gethostname():
        return True
    number, _, start = rest.partition(":")
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        pass
    state, started = _stat(int(number))
    # A zombie has died; only its parent has not asked yet how.
    return state not in ("Z", "X") and started == start


def _stat(pid: int) -> tuple[str, str]:
    """State and start time of a process from /proc (proc_pid_stat(5)); empty where it is not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return "", ""
    # The command's name stands in parentheses and may hold anything; then come fields 3, 4, ….
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]
