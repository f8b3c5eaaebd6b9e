"""3: replay without waiting. How many streams a second, beside other servers?

Run: python bench/table_instant.py [--quick] [--peers]
"""

import socket
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import upstream
from harness import LAST_CHUNK, MS, REQUEST, Drained, drain, second_process, stream
from process import free_port, running
from table import OURS, Column, Goal, Section, Table, print_section
from tools import contestants, record_with_reel, replay_servers

from streamlab.cassette import write_cassette

CONNECTIONS = 20
_LIMIT = "bare sockets, the client's limit"
_HOW = """
A stream of {events} events without waiting, again and again on {connections} connections that stay
open where the server lets them, for {run_s:g} s after a run to warm up. The client is an asyncio
protocol that looks for the last HTTP chunk and discards all else; its limit is what a server of
bare sockets gets from it that writes streamlab's whole answer in one piece. Above half of the
limit both are measured, the server and the client. {rounds} rounds, in which the servers take
turns; in brackets the least and the most of them. Each server sends what it makes of the stream:
*events a stream* says how many.
"""
_STREAMS = Column("streams/s", "more", Goal("streams a second without waiting", share=10))
_COLUMNS = (
    _STREAMS,
    Column("events/s", "more"),
    Column("MB/s"),
    Column("events a stream"),
    Column("server CPU, µs a stream", "less"),
    Column("client"),
)


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The table, all servers in it."""
    events, run_s, rounds = (20, 0.3, 1) if quick else (200, 2.0, 3)
    table = Table("Without waiting", _COLUMNS)
    table.row(_LIMIT, ground=True)
    with tempfile.TemporaryDirectory() as name, second_process() as client:
        folder, port = Path(name), free_port()
        recording = stream(range(MS, (events + 1) * MS, MS))
        write_cassette(folder / "stream.jsonl", [recording])
        if peers:
            record_with_reel(recording, folder)
        tools = replay_servers(port, folder, events=events, gap_ms=0)
        tools = contestants([table], tools if peers else tools[:1])
        answers: dict[str, bytes] = {}
        for _ in range(rounds):
            for tool in tools:
                with table.attempt(tool.name), running(tool.command, port) as server:
                    answer = answers.setdefault(tool.name, _answer(port))
                    _drain(client, port, run_s / 4)
                    cpu_s = server.cpu_s()
                    drained = _drain(client, port, run_s)
                    cpu_us = (server.cpu_s() - cpu_s) / max(drained.answers, 1) * 1e6
                    _add(table, tool.name, drained, answer)
                    table.add(tool.name, "server CPU, µs a stream", cpu_us)
            with upstream.canned(answers[OURS]) as limit:
                _drain(client, limit.port, run_s / 4)
                _add(table, _LIMIT, _drain(client, limit.port, run_s), answers[OURS])
    how = _HOW.format(events=events, connections=CONNECTIONS, run_s=run_s, rounds=rounds)
    return Section("3. Replay without waiting", how, [table])


def _drain(client: ProcessPoolExecutor, port: int, run_s: float) -> Drained:
    return client.submit(drain, port, [0.0] * CONNECTIONS, run_s).result()


def _answer(port: int) -> bytes:
    """One answer, head and all."""
    received = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(REQUEST)
        while not received.endswith(LAST_CHUNK):
            data = connection.recv(65536)
            if not data:
                raise RuntimeError("the answer has no end")
            received += data
    return received


def _add(table: Table, name: str, drained: Drained, answer: bytes) -> None:
    rate, events = drained.answers / drained.elapsed_s, answer.count(b'"content"')
    table.add(name, _STREAMS.name, rate)
    table.add(name, "events/s", rate * events)
    table.add(name, "MB/s", drained.bytes / drained.elapsed_s / 1e6)
    table.add(name, "events a stream", events)
    table.add(name, "client", drained.cpu_s / drained.elapsed_s)


if __name__ == "__main__":
    print_section(measure)
