"""7: start-up. Until the help is printed, until a server listens, until a plugin is imported.

Run: python bench/table_startup.py [--quick] [--peers]
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import MS, stream
from peers import AIMOCK, program
from process import Command, free_port, running
from table import OURS, Column, Section, Table, print_section
from tools import Tool, contestants, record_with_reel, replay_servers

from streamlab.cassette import write_cassette

_PYTHON = "a Python that does nothing"
_HELP = Column("help, ms", "less")
_LISTENS = Column("replay server listens, ms", "less")
_IMPORT = Column("pytest plugin, ms", "less")
_HOW = """
*Help*: the wall time of the command with `--help`, from start to end. *Listens*: from the start of
the server of tables 2 and 3 until it takes a connection. *Plugin*: what importing the tool's
pytest plugins takes in a process that has imported pytest, as every test run does that has it
installed. {rounds} rounds, in which the tools take turns; in brackets the least and the most of
them.
"""
_HELP_COMMANDS: dict[str, Command] = {
    _PYTHON: [sys.executable, "-c", "pass"],
    OURS: [Path(sys.executable).with_name("streamlab"), "--help"],
    "aimock": [AIMOCK, "--help"],
    "reel": [program("reel", "reel"), "--help"],
    "llmock": [program("llmock", "llmock"), "--help"],
    "mitmproxy": [program("mitmproxy", "mitmdump"), "--help"],
    "cassetter": [program("cassetter", "cassetter"), "--help"],
}
# The Python that has a distribution, whose plugins are imported.
_PLUGINS: dict[str, tuple[Path, str]] = {
    OURS: (Path(sys.executable), "streamlab-toolkit"),
    "reel": (program("reel"), "reel-vcr"),
    "llmock": (program("llmock"), "llmock"),
    "vcrpy, pytest-recording": (program("vcrpy"), "pytest-recording"),
    "cassetter": (program("cassetter"), "cassetter"),
}
_IMPORT_PLUGINS = """
import sys, time, pytest
from importlib.metadata import distribution
plugins = [each for each in distribution(sys.argv[1]).entry_points if each.group == "pytest11"]
assert plugins
start_s = time.perf_counter()
for each in plugins:
    each.load()
print(time.perf_counter() - start_s)
"""


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The table, all tools in it."""
    rounds = 1 if quick else 5
    table = Table("Start-up", [_HELP, _LISTENS, _IMPORT])
    table.row(_PYTHON, ground=True)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        servers = _servers(port, Path(folder), peers=peers)
        helps = [Tool(name, command) for name, command in _HELP_COMMANDS.items()]
        plugins = [Tool(name, [python]) for name, (python, _) in _PLUGINS.items()]
        everything = [*helps, *servers, *plugins]
        if not peers:
            everything = [tool for tool in everything if tool.name in {OURS, _PYTHON}]
        contestants([table], everything)
        for _ in range(rounds):
            for tool in everything:
                if tool.is_installed:
                    with table.attempt(tool.name):
                        _measure(tool, table, helps=helps, servers=servers, port=port)
    return Section("7. Start-up", _HOW.format(rounds=rounds), [table])


def _servers(port: int, folder: Path, *, peers: bool) -> list[Tool]:
    recording = stream(range(MS, 100 * MS, MS))
    write_cassette(folder / "stream.jsonl", [recording])
    if peers:
        record_with_reel(recording, folder)
    return replay_servers(port, folder, events=100, gap_ms=20)


def _measure(
    tool: Tool, table: Table, *, helps: list[Tool], servers: list[Tool], port: int
) -> None:
    if tool in helps:
        start_s = time.perf_counter()
        # mitmdump prints its help and exits with 1.
        ran = subprocess.run(tool.command, check=False, capture_output=True)
        table.add(tool.name, _HELP.name, (time.perf_counter() - start_s) * 1000)
        assert ran.stdout or tool.name == _PYTHON
    elif tool in servers:
        with running(tool.command, port) as server:
            table.add(tool.name, _LISTENS.name, server.ready_s * 1000)
    else:
        python, distribution = _PLUGINS[tool.name]
        command = [python, "-c", _IMPORT_PLUGINS, distribution]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        table.add(tool.name, _IMPORT.name, float(ran.stdout) * 1000)


if __name__ == "__main__":
    print_section(measure)
