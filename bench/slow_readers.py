"""How much memory do clients cost that read slowly? 5,000 of them on one replay server.

Run: python bench/slow_readers.py [READERS]

A recording of 20,000 events of 230 bytes (4.6 MB) without waiting. Each client asks for it and
reads nothing until all have asked; then each reads up to 64 KiB, and leaves. The figures are of the
server's process (Linux). It ends when the server has given all their descriptors back.
"""

import resource
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from harness import MS, REQUEST, Figure, print_figures, stream
from process import Command, free_port, running

from streamlab.cassette import write_cassette

READERS = 5000
_EVENTS = 20_000
_READ_BYTES = 64 * 1024


def measure(readers: int = READERS) -> Iterator[Figure]:
    """The figures of this benchmark."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        cassette, port = Path(folder) / "long.jsonl", free_port()
        write_cassette(cassette, [stream(range(0, _EVENTS * MS, MS))])
        command: Command = [
            sys.executable, "-m", "streamlab", "replay", cassette, "--port", str(port),
            "--speed", "instant",
        ]  # fmt: skip
        with running(command, port) as server:
            before_mb, descriptors = server.memory_mb(), server.descriptors()
            clients = [_ask(port) for _ in range(readers)]
            waiting_mb = server.memory_mb()
            _read_some(clients)
            peak_mb = server.memory_mb("VmHWM")
            for client in clients:
                client.close()
            _wait_until(lambda: server.descriptors() <= descriptors)
    note = f"{before_mb:.0f} MB before the first; resident, of the server's process"
    yield Figure(f"{readers:,} slow readers", f"{waiting_mb:.0f} MB, peak {peak_mb:.0f} MB", note)


def _ask(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(REQUEST)
    return client


def _read_some(clients: list[socket.socket]) -> None:
    for client in clients:
        assert client.recv(_READ_BYTES).startswith(b"HTTP/1.1 200")


def _wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if is_so():
            return
        pause.wait(0.05)
    raise SystemExit("the server does not give its descriptors back")


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]]
    print_figures(lambda: measure(*asked))
