"""5: recording in the program's own process. Is the stream still live, and what does a read cost?

Run: python bench/table_in_process.py [--quick] [--peers]
"""

import json
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import upstream
from harness import BODY, LAST_CHUNK, PATH, stream
from peers import program
from process import Command
from table import OURS, Column, Goal, Section, Table, print_section
from tools import Tool, contestants

from streamlab._http1 import http_chunk

_CLIENT = Path(__file__).parent / "stream_client.py"
_PLAIN = "httpx, not recorded"
_GIVES_UP_S = 3.0
_ADDED = Column(
    "added to the caller's thread, µs a read",
    "less",
    Goal("recording in process, CPU added to the caller's thread, µs a read", figure=5),
)
_CALLER = Column("the caller's thread, µs a read")
_ADDED_IN_ALL = Column("added to the process, µs a read", "less")
_COLUMNS = (Column("live", "yes"), _CALLER, _ADDED, _ADDED_IN_ALL)
_HOW = """
A program reads streams with httpx (sync), recorded by streamlab's `RecordingTransport`, or by what
pytest-recording (vcrpy) and cassetter put around httpx. *Live*: the upstream sends one event, and
the second only when the program says that it has the first; who has not got it after
{gives_up_s:g} s is not live. No clock decides. The cost: {times} streams of {reads:,} reads (HTTP
chunks of 230 bytes) without a pause from bare sockets, the CPU time of the thread that reads and
of the whole process until all is stored, each less that of a program that records nothing in the
same round, by the number of reads. {rounds} rounds, in which the tools take turns; in brackets the
least and the most of them.
"""


@dataclass(frozen=True, slots=True)
class _Recorder:
    name: str
    inside: str
    python: Path


RECORDERS = (
    _Recorder(OURS, "streamlab", Path(sys.executable)),
    _Recorder("vcrpy", "vcrpy", program("vcrpy")),
    _Recorder("cassetter", "cassetter", program("cassetter")),
)
_BARE = _Recorder(_PLAIN, "none", Path(sys.executable))


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The table, all recorders in it."""
    reads, times, rounds = (200, 2, 1) if quick else (5000, 4, 5)
    table = Table("Recording in process", _COLUMNS)
    table.row(_PLAIN, ground=True)
    recorders = RECORDERS if peers else RECORDERS[:1]
    installed = contestants([table], [Tool(each.name, [each.python]) for each in recorders])
    names = {tool.name for tool in installed}
    recorders = [each for each in recorders if each.name in names]
    for recorder in (_BARE, *recorders):
        with table.attempt(recorder.name):
            table.say(recorder.name, "live", "yes" if _is_live(recorder) else "no")
    with upstream.canned(upstream.answer(stream(range(reads - 1)))) as (port, _):
        for _ in range(rounds):
            bare_us = _cost_us(_BARE, port, reads, times)
            table.add(_PLAIN, _CALLER.name, bare_us[0])
            for recorder in recorders:
                with table.attempt(recorder.name):
                    caller_us, process_us = _cost_us(recorder, port, reads, times)
                    table.add(recorder.name, _CALLER.name, caller_us)
                    table.add(recorder.name, _ADDED.name, caller_us - bare_us[0])
                    table.add(recorder.name, _ADDED_IN_ALL.name, process_us - bare_us[1])
    how = _HOW.format(gives_up_s=_GIVES_UP_S, times=times, reads=reads, rounds=rounds)
    return Section("5. Recording in process", how, [table])


def _cost_us(recorder: _Recorder, port: int, reads: int, times: int) -> tuple[float, float]:
    """CPU µs a read, of the caller's thread and of the process."""
    with tempfile.TemporaryDirectory() as folder:
        command = _command(recorder, f"http://127.0.0.1:{port}{PATH}", Path(folder), times)
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(ran.stdout.splitlines()[-1])
    # What counts is what was sent: a tool that collects the stream passes it on as one read.
    caller_ns = median(answer["caller_ns"] for answer in said["answers"])
    return caller_ns / 1000 / reads, said["process_s"] * 1e6 / reads / times


def _command(recorder: _Recorder, url: str, folder: Path, times: int) -> Command:
    store = folder / ("inside.db" if recorder.inside == OURS else "inside.yaml")
    bodies = json.dumps([BODY.decode()] * times)
    return [recorder.python, _CLIENT, recorder.inside, "record", store, url, bodies]


def _is_live(recorder: _Recorder) -> bool:
    """Has the program its first event before the second is sent?"""
    has_first = threading.Event()
    live: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as name:
        serving = threading.Thread(target=_serve_gated, args=(listener, has_first, live))
        serving.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        command = _command(recorder, url, Path(name), 1)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout
            if program.stdout.readline() == "first\n":
                has_first.set()
            program.communicate()
        serving.join()
    return live == [True]


def _serve_gated(listener: socket.socket, has_first: threading.Event, live: list[bool]) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(upstream.HEAD + http_chunk(b'data: {"n": 1}\n\n'))
        live.append(has_first.wait(_GIVES_UP_S))
        connection.sendall(http_chunk(b'data: {"n": 2}\n\n') + LAST_CHUNK)


if __name__ == "__main__":
    print_section(measure)
