"""A TCP server that says exactly what it is told: things no HTTP server would send."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Act = Callable[[socket.socket], None]

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    b"Set-Cookie: session=cookie-secret-123\r\n\r\n"
)


def http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def send(data: bytes) -> Act:
    return lambda connection: connection.sendall(data)


def wait_for(event: threading.Event) -> Act:
    return lambda _: assert_set(event)


def assert_set(event: threading.Event) -> None:
    assert event.wait(20), "the test never let the server go on"


def close(connection: socket.socket) -> None:
    connection.close()


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wait_until_left(connection: socket.socket) -> None:
    """Stay silent until the client has gone."""
    connection.settimeout(20)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass


@contextmanager
def raw_server(*acts: Act, taken: list[bytes] | None = None) -> Iterator[str]:
    """Performs `acts` on its first connection, once a whole request is there (which `taken` gets);
    its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            request = read_request(connection)
            if taken is not None:
                taken.append(request)
            for act in acts:
                act(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(30)
        listener.close()
        assert not thread.is_alive()


def read_request(connection: socket.socket) -> bytes:
    """One request with a Content-Length, in HTTP chunks, or without a body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    is_chunked = b"transfer-encoding: chunked" in head.lower()
    while len(body) < length or (is_chunked and not body.endswith(b"0\r\n\r\n")):
        received = connection.recv(65536)
        if not received:
            break
        body += received
    return head + b"\r\n\r\n" + body
