"""How much memory do clients cost that read slowly? 5,000 of them on one replay server.

Run: python bench/slow_readers.py [READERS]

A recording of 200 events of 230 bytes, a hundred times over (4.6 MB), without waiting. Each client asks
for it and reads nothing until all have asked; then each reads 64 KiB, and leaves. The figures are of
the server's process (Linux): the most memory it had, and its descriptors when all have left.
"""

import os
import resource
import selectors
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import peers
from harness import BODY, MS, PATH, Figure, print_figures, stream

from streamlab.cassette import write_cassette

READERS = 5000
_EVENTS = 20_000
_READ_BYTES = 64 * 1024
_REQUEST = (
    f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


def measure(readers: int = READERS) -> Iterator[Figure]:
    """The figures of this benchmark."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        cassette, port = Path(folder) / "long.jsonl", peers.free_port()
        write_cassette(cassette, [stream(range(0, _EVENTS * MS, MS))])
        command: peers.Command = [
            sys.executable, "-m", "streamlab", "replay", cassette, "--port", str(port),
            "--speed", "instant",
        ]  # fmt: skip
        with peers.running(command, port) as server:
            before_mb, descriptors = server.memory_mb(), server.descriptors()
            clients = [_ask(port) for _ in range(readers)]
            waiting_mb = server.memory_mb()
            _read_some(clients)
            peak_mb = server.peak_memory_mb()
            for client in clients:
                client.close()
            _wait_until(lambda: server.descriptors() <= descriptors)
    note = f"{before_mb:.0f} MB before the first; resident, of the server's process"
    yield Figure(f"{readers:,} slow readers", f"{waiting_mb:.0f} MB, peak {peak_mb:.0f} MB", note)
