"""The commands of the tools that are measured beside each other: replay servers and proxies."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
from harness import BODY, PATH
from peers import AIMOCK, program
from process import Command, free_port, running
from table import OURS, Table

from streamlab import serve
from streamlab.recording import Recording

STREAMLAB: Command = [sys.executable, "-m", "streamlab"]
_HERE = Path(__file__).parent
COPIED = "bytes copied"


@dataclass(frozen=True, slots=True)
class Tool:
    """A name and a command, which may not be there."""

    name: str
    command: Command

    @property
    def is_installed(self) -> bool:
        return Path(self.command[0]).exists()


def contestants(tables: Iterable[Table], tools: Iterable[Tool]) -> list[Tool]:
    """Those that are installed; the tables say it of the others."""
    tools = list(tools)
    for table in tables:
        for tool in tools:
            table.row(tool.name)
            if not tool.is_installed:
                table.say(tool.name, table.columns[0].name, "not installed")
    return [tool for tool in tools if tool.is_installed]


def replay_servers(port: int, folder: Path, *, events: int, gap_ms: int) -> list[Tool]:
    """Servers that send a stream of about so many events, one each `gap_ms` (0: all without
    waiting). `folder` holds the stream as `stream.jsonl`, and reel's recording of it as
    `reel.jsonl`."""
    at, pace = str(port), "realtime" if gap_ms else "instant"
    replay = ["replay", folder / "stream.jsonl", "--match", "latest", "--speed", pace]
    reel = ["replay", "-c", folder / "reel.jsonl", "--timing", "realtime" if gap_ms else "fast"]
    llmock = ["serve", "--response-style", "echo", "--log-level", "error"]
    llmock += ["--stream-chunk-delay-ms", str(gap_ms)]
    starlette = [_HERE / "starlette_stream.py", at, str(events), str(gap_ms)]
    fixture = _aimock_fixture(folder, events=events, gap_ms=gap_ms)
    # Five characters are a chunk: so each word of the fixture is an event.
    aimock = ["-f", fixture, "-c", "5", "--log-level", "silent"]
    return [
        Tool(OURS, [*STREAMLAB, *replay, "--port", at]),
        Tool("aimock", [AIMOCK, *aimock, "-p", at]),
        Tool("reel", [program("reel", "reel"), *reel, "-p", at]),
        Tool("llmock", [program("llmock", "llmock"), *llmock, "-p", at]),
        Tool("starlette on uvicorn", [program("starlette"), *starlette]),
    ]


def _aimock_fixture(folder: Path, *, events: int, gap_ms: int) -> Path:
    reply = {"content": "".join(f"{number % 10000:04d} " for number in range(events))}
    profile = {"ttft": gap_ms, "tps": 1000 / gap_ms, "jitter": 0} if gap_ms else {}
    matched = {"match": {"userMessage": "Count"}, "response": reply}
    path = folder / "aimock.json"
    paced = {"streamingProfile": profile} if profile else {}
    path.write_text(json.dumps({"fixtures": [matched | paced]}), "utf-8")
    return path


def bare_relay(upstream: str, port: int, _: Path) -> Tool:
    """No HTTP, no recording: what asyncio and the kernel take."""
    upstream_port = upstream.rpartition(":")[2]
    return Tool(COPIED, [sys.executable, _HERE / "bare_relay.py", str(port), upstream_port])


def streamlab_proxy(upstream: str, port: int, folder: Path) -> Tool:
    """Records into `bench.db` of the folder."""
    proxy = ["proxy", "--port", str(port), "--db", folder / "bench.db", "--upstream", upstream]
    return Tool(OURS, [*STREAMLAB, *proxy])


def aimock_recorder(upstream: str, port: int, folder: Path) -> Tool:
    """Records into `recorded` in the folder."""
    record = ["--record", "-f", folder, "--provider-openai", upstream, "--log-level", "silent"]
    return Tool("aimock", [AIMOCK, *record, "-p", str(port)])


def reel_recorder(upstream: str, port: int, folder: Path) -> Tool:
    """Records into `reel.jsonl` of the folder."""
    record = ["record", "-c", folder / "reel.jsonl", "-p", str(port), "--upstream", upstream]
    return Tool("reel", [program("reel", "reel"), *record])


def mitmproxy_recorder(upstream: str, port: int, folder: Path) -> Tool:
    """Records bodies into `flows` of the folder; it collects each before it passes it on."""
    mode = ["--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1", "-p", str(port)]
    return Tool(
        "mitmproxy", [program("mitmproxy", "mitmdump"), "-q", *mode, "-w", folder / "flows"]
    )


def mitmproxy_relay(upstream: str, port: int, folder: Path) -> Tool:
    """Passes bodies on as they come, and records none of them."""
    collecting = mitmproxy_recorder(upstream, port, folder)
    script = ["-s", _HERE / "mitmproxy_stream.py"]
    return Tool("mitmproxy, which then records no body", [*collecting.command, *script])


def record_with_reel(recording: Recording, folder: Path) -> None:
    """`reel.jsonl` in the folder, if reel is there: what it makes of that recording."""
    port = free_port()
    with serve([recording]) as server:
        reel = reel_recorder(server.url, port, folder)
        if reel.is_installed:
            with running(reel.command, port):
                httpx.post(f"http://127.0.0.1:{port}{PATH}", content=BODY, timeout=60)
