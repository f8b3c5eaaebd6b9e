"""6: parsing. How fast are the parsers of Server-Sent Events, by size of read?

Run: python bench/table_parsing.py [--quick] [--peers]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import stream
from peers import program
from table import OURS, Column, Goal, Section, Table, print_section
from tools import Tool, contestants

_SCRIPT = Path(__file__).parent / "parse_stream.py"
# What a piece is called, its bytes (0: an event), and the share of the body that is parsed so.
_PIECES = {
    "64 KiB": (65536, 1.0),
    "an event": (0, 1.0),
    "256 bytes": (256, 1.0),
    "1 byte": (1, 0.05),
}
_HOW = """
{megabytes:g} MB of events of 230 bytes (a twentieth of it byte by byte), in memory, each parser in
a process of its own: streamlab's `sse.Decoder`, which accounts for every byte; httpx-sse as it is
used, through a response of httpx that is given the reads; sseclient-py. None of them reads the
JSON. MB/s, the best of {times} runs in a process, by what a read holds. {rounds} rounds, in which
the parsers take turns; in brackets the least and the most of them.
"""
_PYTHONS: dict[str, Path] = {
    OURS: Path(sys.executable),
    "httpx-sse": program("parsers"),
    "sseclient-py": program("parsers"),
}


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The table, all parsers in it."""
    megabytes, times, rounds = (0.2, 1, 1) if quick else (5.0, 3, 3)
    columns = [Column(f"{name}, MB/s", "more", _goal(name)) for name in _PIECES]
    table = Table("By what a read holds", columns)
    pythons = _PYTHONS if peers else {OURS: _PYTHONS[OURS]}
    tools = contestants([table], [Tool(name, [python]) for name, python in pythons.items()])
    with tempfile.TemporaryDirectory() as name:
        bodies = _bodies(Path(name), megabytes)
        for _ in range(rounds):
            for tool in tools:
                with table.attempt(tool.name):
                    _measure(tool, table, bodies, times)
    how = _HOW.format(megabytes=megabytes, times=times, rounds=rounds)
    return Section("6. Parsing", how, [table])


def _goal(name: str) -> Goal | None:
    return (
        Goal(f"parser, MB/s in reads of {name}", share=2, peer="httpx-sse")
        if name != "1 byte"
        else None
    )


def _bodies(folder: Path, megabytes: float) -> dict[str, Path]:
    body, bodies = stream(range(1000)).body, {}
    for name, (_, share) in _PIECES.items():
        bodies[name] = folder / name.replace(" ", "_")
        bodies[name].write_bytes(body * max(int(share * megabytes * 1e6 / len(body)), 1))
    return bodies


def _measure(tool: Tool, table: Table, bodies: dict[str, Path], times: int) -> None:
    for name, (size, _) in _PIECES.items():
        arguments = [tool.name, bodies[name], str(size), str(times)]
        command = [*tool.command, _SCRIPT, *arguments]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        said = json.loads(ran.stdout)
        data = bodies[name].read_bytes()
        assert said["events"] == data.count(b"\n\n"), f"{tool.name} finds {said['events']} events"
        table.add(tool.name, f"{name}, MB/s", len(data) / min(said["seconds"]) / 1e6)


if __name__ == "__main__":
    print_section(measure)
