"""A client that says exactly what it is told, and reads what comes back as it is."""

import json
import select
import socket

__all__ = ["api_error", "read", "rest_of", "send_until_answered"]


def read(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer if the server closes before."""
    received = b""
    while len(received) < size and (piece := connection.recv(size - len(received))):
        received += piece
    return received


def rest_of(connection: socket.socket) -> bytes:
    """What the server says until it closes; a reset is a way to close."""
    received = bytearray()
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return bytes(received)


def send_until_answered(connection: socket.socket, piece: bytes, at_most: int) -> None:
    """Send the piece again and again. Fails if so many bytes bring nothing to read."""
    sent = 0
    while not select.select([connection], [], [], 0)[0]:
        sent += connection.send(piece)
        assert sent < at_most


def api_error(answer: bytes) -> tuple[int, str]:
    """Status and message of an answer in the API's error shape that closes."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head, answer[:1000]
    error = json.loads(body)["error"]
    assert {"message", "type", "code", "param"} == set(error)
    return int(head.split(b" ")[1]), error["message"]
