"""A stream as providers do send them, for table 1: nothing in it is against HTTP or rare.

Comments, CRLF, `id` and `retry`, an event in two reads (cut within a character), two events in one,
a chunk of broken JSON: eleven reads. Served three times: to its end, then without one, then reset.
"""

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from process import wait_s

from streamlab._http1 import http_chunk


def _chunk(content: str, *, end: str = "\n", before: str = "") -> bytes:
    chunk = (
        '{"id":"chatcmpl-7f3a","object":"chat.completion.chunk","created":1767225600,'
        f'"model":"m","choices":[{{"index":0,"delta":{{"content":"{content}"}},"finish_reason":null}}]}}'
    )
    return f"{before}data: {chunk}{end}{end}".encode()


_CUT = _chunk("天気")
_WITHIN = _CUT.index("気".encode()) + 1
READS = (
    b": keep-alive\n\n",
    _chunk("Streams", before="retry: 3000\nid: 1\nevent: message\n"),
    _chunk(" are", end="\r\n"),
    _CUT[:_WITHIN],
    _CUT[_WITHIN:],
    _chunk(" not") + _chunk(" one"),
    b'data: {"id":"chatcmpl-7f3a","choices":[{"index":0,"delta":{"content":" oops}\n\n',
    b": ping\r\n\r\n",
    _chunk(" blob", before="id: 2\n"),
    b'data: {"id":"chatcmpl-7f3a","object":"chat.completion.chunk","created":1767225600,'
    b'"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    b"data: [DONE]\n\n",
)
BODY = b"".join(READS)
TEXT = "Streams are天気 not one blob"
# Waits before the reads; no two are alike.
_WAITS_MS = (60, 35, 110, 25, 45, 80, 30, 120, 50, 70, 40)
CASES = ("whole", "cut", "reset")
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)
Frame = tuple[str, str]  # type and data of an event


class Upstream:
    """Serves the stream to whoever asks; the request says which of the cases it wants."""

    def __init__(self, port: int, pace: float) -> None:
        self._pace = pace
        self.url = f"http://127.0.0.1:{port}"
        self.sent_ns: dict[str, list[int]] = {}

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            asked = b""
            while b'"end"' not in asked:
                received = connection.recv(65536)
                if not received:
                    return
                asked += received
            case = next(each for each in CASES if each.encode() in asked)
            try:
                self._write(connection, case)
            except OSError:
                return  # the tool has hung up

    def _write(self, connection: socket.socket, case: str) -> None:
        connection.sendall(_HEAD)
        sent_ns = self.sent_ns[case] = []
        for wait_ms, data in zip(_WAITS_MS, READS, strict=True):
            wait_s(wait_ms / 1000 / self._pace)
            sent_ns.append(time.monotonic_ns())
            connection.sendall(http_chunk(data))
        # So that what was sent has been read when the end comes.
        wait_s(0.05)
        if case == "whole":
            connection.sendall(b"0\r\n\r\n")
        elif case == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def request_body(case: str) -> str:
    """What to ask for it with."""
    asked = f'"messages":[{{"role":"user","content":"the {case} one"}}]'
    return f'{{"model":"m","stream":true,{asked},"user":"end"}}'


@contextmanager
def served(pace: float = 1) -> Iterator[Upstream]:
    """The upstream, in a thread; at a pace of 4 its pauses are a quarter."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        upstream = Upstream(listener.getsockname()[1], pace)
        threading.Thread(target=upstream.serve, args=(listener,), daemon=True).start()
        yield upstream
        listener.shutdown(socket.SHUT_RDWR)


def frames(body: bytes) -> list[tuple[Frame, int]]:
    """The events of a body, each with the offset behind its last byte. Shares nothing with
    streamlab's decoder."""
    found: list[tuple[Frame, int]] = []
    kind, data, offset = "", [], 0
    for line in body.splitlines(keepends=True):
        offset += len(line)
        name, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value.decode("utf-8", "replace"))
        elif name == b"event":
            kind = value.decode("utf-8", "replace")
        elif not line.rstrip(b"\r\n"):
            if data:
                found.append(((kind or "message", _canonical("\n".join(data))), offset))
            kind, data = "", []
    return found


def _canonical(data: str) -> str:
    """JSON that was read and written again is the same event."""
    try:
        return json.dumps(json.loads(data), sort_keys=True)
    except ValueError:
        return data


def text(body: bytes) -> str:
    """What the events say together, read as tolerantly as can be."""
    return "".join(
        json.loads(f'"{content}"')
        for (_, data), _ in frames(body)
        for content in re.findall(r'"content": "([^"]*)"}', data)
    )


def lost(body: bytes) -> list[str]:
    """What else is no longer there."""
    kept = {
        "comments": body.count(b"\n:") + body.startswith(b":") == 2,
        "CRLF": body.count(b"\r\n") == BODY.count(b"\r\n"),
        "id and retry": all(
            re.search(b"^" + field + b":", body, re.MULTILINE) for field in (b"id", b"retry")
        ),
        "type of an event": re.search(rb"^event:", body, re.MULTILINE) is not None,
        "the broken chunk": b" oops" in body,
        "[DONE]": b"data: [DONE]" in body or b"data:[DONE]" in body,
    }
    return [what for what, is_kept in kept.items() if not is_kept]
