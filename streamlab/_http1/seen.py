"""Heads of requests that were read before, so that they need not be read again.

A client sends the same head again and again, and to read one takes h11 longer than all the rest of
answering from a recording. What a head means depends on its bytes alone.
"""

from dataclasses import dataclass, field
from typing import Final

import h11

from streamlab._http1.wire import connection_options
from streamlab.recording import Header, header_value

__all__ = ["SeenHead", "SeenHeads"]

# A server has few clients, and they few heads: more than these are not worth their memory.
_HEADS_KEPT: Final = 256
_HEAD_BYTES: Final = 4096
_HEAD_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class SeenHead:
    """A head that was taken, and how many bytes of body it announces."""

    request: h11.Request
    headers: tuple[Header, ...]
    body_bytes: int


@dataclass(slots=True)
class SeenHeads:
    """The heads of one server, under their bytes."""

    _heads: dict[bytes, SeenHead] = field(default_factory=dict)

    def find(self, data: bytes) -> tuple[SeenHead, bytes] | None:
        """What was seen before, if `data` is a whole request and nothing else; with its body."""
        stop = data.find(_HEAD_END) + len(_HEAD_END)
        seen = self._heads.get(data[:stop])
        if seen is None or len(data) - stop != seen.body_bytes:
            return None
        return seen, data[stop:]

    def add(self, head: bytes, request: h11.Request, headers: tuple[Header, ...]) -> None:
        """A head was taken. One whose body is announced in another way than by its length, or is
        waited for, is not kept."""
        is_plain = (
            head.endswith(_HEAD_END)
            and header_value(headers, "transfer-encoding") is None
            and header_value(headers, "expect") is None
            and "upgrade" not in connection_options(headers)
        )
        if not is_plain or len(head) > _HEAD_BYTES:
            return
        if len(self._heads) >= _HEADS_KEPT:
            self._heads.clear()
        body_bytes = int(header_value(headers, "content-length") or 0)
        self._heads[head] = SeenHead(request, headers, body_bytes)
