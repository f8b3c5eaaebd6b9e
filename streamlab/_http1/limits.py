"""How much, and for how long, a server takes from a client before it refuses."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a request may take. None of it touches an answer, which may last for hours.

    The times are for all of it: bytes that come one by one do not extend them.
    """

    # nginx allows 32 KiB, h11 16 KiB, Node 16 KiB; a long JWT or cookie fits well in 64 KiB.
    head_bytes: int = 64 * 1024
    # Apache allows 100, Node 2000.
    head_fields: int = 1000
    # A request with a few images in it comes to some tens of MB.
    body_bytes: int = 64 * 1024 * 1024
    head_s: float = 30.0
    # A body at the limit comes in time over 2 Mbit/s.
    body_s: float = 300.0
    # How long a connection is kept for another request, as nginx keeps it.
    idle_s: float = 75.0
    # How long a client that was refused may still send: to reset it could cost it the answer.
    linger_s: float = 2.0
