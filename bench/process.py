"""Servers as processes of their own: started, waited for, and what they took."""

import os
import resource
import select
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

Command = list[str | Path]
_LISTENS_WITHIN_S = 60
_ASKED_EVERY_S = 0.005


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves, with its children; what they took is told on Linux, NaN elsewhere."""

    pid: int
    start_cpu_s: float
    ready_s: float

    def cpu_s(self) -> float:
        """The CPU time of all of them since it listened."""
        return _cpu_s(self.pid) - self.start_cpu_s

    def pids(self) -> list[int]:
        """Of the process and its children."""
        return _family(self.pid)

    def memory_mb(self, line: str = "VmRSS") -> float:
        """What is resident of all of them now, or with `VmHWM` at most was of each."""
        return _sum(_memory_mb(pid, line) for pid in _family(self.pid))

    def descriptors(self) -> int:
        """How many files and sockets it has open; 0 where that cannot be told."""
        folder = Path(f"/proc/{self.pid}/fd")
        return len(list(folder.iterdir())) if folder.exists() else 0


@contextmanager
def running(command: Command, port: int) -> Iterator[Server]:
    """A server, from when it listens to the end of the block."""
    _allow_many_descriptors()
    start_s = time.perf_counter()
    with (
        Path(os.devnull).open("wb") as nowhere,
        subprocess.Popen(command, stdout=nowhere, stderr=nowhere) as process,
    ):
        try:
            _wait_until_listening(process, port)
            ready_s = time.perf_counter() - start_s
            yield Server(process.pid, _cpu_s(process.pid), ready_s)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def start_as_users_do() -> None:
    """Let Python keep what it compiles, in all processes from here on.

    pip compiles what it installs, but nobody has compiled a checkout: where nothing may be written,
    ours alone would be compiled at each start.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_s(seconds: float) -> None:
    """Do nothing for so long."""
    if seconds > 0:
        select.select([], [], [], seconds)


def _allow_many_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(int(_LISTENS_WITHIN_S / _ASKED_EVERY_S)):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} has ended") from None
            wait_s(_ASKED_EVERY_S)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen")


def _cpu_s(pid: int) -> float:
    """Of a process, its children, and those that it has waited for."""
    ticks = _sum(sum(map(int, _stat(each)[11:15])) for each in _family(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def _sum(values: Iterable[float]) -> float:
    """Not a number of none."""
    return sum(values) or float("nan")


def _memory_mb(pid: int, line: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return int(next(each for each in text if each.startswith(line)).split()[1]) / 1024


def _family(pid: int) -> list[int]:
    """The process, its children and theirs; none where there is no /proc."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            children.setdefault(int(_stat(int(folder.name))[1]), []).append(int(folder.name))
    family = [pid] if children else []
    for each in family:
        family += children.get(each, [])
    return family


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
