"""Other people's proxies and replay servers, installed where nothing else is: `bench/.peers`.

    python bench/peers.py

installs them; a benchmark that finds one there measures it beside streamlab in the same run.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / ".peers"
AIMOCK = FOLDER / "node_modules" / ".bin" / "llmock"
MITMDUMP = FOLDER / "mitmproxy" / "bin" / "mitmdump"
AIPERF = FOLDER / "aiperf" / "bin" / "aiperf"
_SERVERS = FOLDER / "replay" / "bin"

Command = list[str | Path]

# By default mitmproxy collects a body and then passes it on.
_STREAM_BODIES = "def responseheaders(flow):\n    flow.response.stream = True\n"


def install() -> None:
    """Install each of them that this machine can."""
    FOLDER.mkdir(exist_ok=True)
    if shutil.which("npm"):
        subprocess.run(["npm", "install", "--silent", "--prefix", FOLDER, "@copilotkit/aimock"],
                       check=True)  # fmt: skip
    _install(MITMDUMP.parents[1], "mitmproxy")
    _install(AIPERF.parents[1], "aiperf")
    _install(_SERVERS.parent, "reel-vcr", "llmock", "starlette", "uvicorn[standard]")


def _install(environment: Path, *packages: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run([environment / "bin" / "pip", "install", "-q", *packages], check=True)


def proxies(upstream: str, port: int, folder: Path) -> dict[str, Command]:
    """The commands of recording proxies before `upstream`, by name; those that are installed."""
    script = folder / "stream_bodies.py"
    script.write_text(_STREAM_BODIES)
    commands: dict[str, Command] = {
        "mitmproxy": [
            MITMDUMP, "-q", "--mode", f"reverse:{upstream}", "-p", str(port), "-s", script,
            "-w", folder / "flows", "--listen-host", "127.0.0.1",
        ],
        "aimock --record": [
            AIMOCK, "--record", "-p", str(port), "-f", folder, "--provider-openai", upstream,
            "--log-level", "silent",
        ],
    }  # fmt: skip
    return _installed(commands)


def servers(port: int, folder: Path, *, events: int, gap_ms: int) -> dict[str, Command]:
    """The commands of servers that send a stream of about so many events, one each `gap_ms` (0: all
    without waiting), by name; those that are installed. reel is one of them if `folder` holds its
    cassette `reel.jsonl`."""
    fixture = folder / "aimock.json"
    reply: dict[str, object] = {"content": "".join(f"{n % 10000:04d} " for n in range(events))}
    profile = {"ttft": gap_ms, "tps": 1000 / gap_ms, "jitter": 0} if gap_ms else {"ttft": 0}
    paced = {"streamingProfile": profile} if gap_ms else {}
    matched = {"match": {"userMessage": "Count"}, "response": reply, **paced}
    fixture.write_text(json.dumps({"fixtures": [matched]}))
    commands: dict[str, Command] = {
        "aimock": [AIMOCK, "-p", str(port), "-f", fixture, "-c", "5", "--log-level", "silent"],
        "reel": [
            _SERVERS / "reel", "replay", "-c", folder / "reel.jsonl", "-p", str(port),
            "--timing", "realtime" if gap_ms else "fast",
        ],
        "llmock": [
            _SERVERS / "llmock", "serve", "-p", str(port), "--response-style", "echo",
            "--log-level", "error", "--stream-chunk-delay-ms", str(gap_ms),
        ],
        "starlette on uvicorn": [
            _SERVERS / "python", Path(__file__).parent / "starlette_stream.py", str(port),
            str(events), str(gap_ms),
        ],
    }  # fmt: skip
    if not (folder / "reel.jsonl").exists():
        del commands["reel"]
    return _installed(commands)


def reel_recorder(upstream: str, port: int, folder: Path) -> Command | None:
    """The command that records what it passes on into `reel.jsonl`; None if it is not there."""
    reel = _SERVERS / "reel"
    if not reel.exists():
        return None
    cassette = folder / "reel.jsonl"
    return [reel, "record", "-c", cassette, "-p", str(port), "--upstream", upstream]


def _installed(commands: dict[str, Command]) -> dict[str, Command]:
    return {name: command for name, command in commands.items() if Path(command[0]).exists()}


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves; what it took is told on Linux, and NaN elsewhere."""

    pid: int
    start_cpu_s: float

    def cpu_s(self) -> float:
        """The CPU time since it listened."""
        return _cpu_s(self.pid) - self.start_cpu_s

    def memory_mb(self, line: str = "VmRSS") -> float:
        """What is resident of it now, or with `VmHWM` at most was."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return float("nan")
        text = next(each for each in status.read_text().splitlines() if each.startswith(line))
        return int(text.split()[1]) / 1024

    def descriptors(self) -> int:
        """How many files and sockets it has open; 0 where that cannot be told."""
        folder = Path(f"/proc/{self.pid}/fd")
        return len(list(folder.iterdir())) if folder.exists() else 0


@contextmanager
def running(command: Command, port: int) -> Iterator[Server]:
    """A server, from when it listens to the end of the block."""
    with (
        Path(os.devnull).open("wb") as nowhere,
        subprocess.Popen(command, stdout=nowhere, stderr=nowhere) as process,
    ):
        try:
            _wait_until_listening(port)
            yield Server(process.pid, _cpu_s(process.pid))
        finally:
            process.terminate()


def _cpu_s(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_listening(port: int) -> None:
    pause = threading.Event()
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            pause.wait(0.05)
        else:
            return
    raise SystemExit("a server does not listen")


if __name__ == "__main__":
    install()
