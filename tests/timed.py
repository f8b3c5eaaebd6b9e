"""Recordings whose reads have given times."""

from collections.abc import Iterable
from dataclasses import replace

from streamlab.recording import End, EndReason, Read, Recording
from tests.conftest import make_recording

MS = 1_000_000

__all__ = ["MS", "chat_chunk", "timed"]


def timed(
    reads: Iterable[tuple[int, bytes]], *, end_ns: int, reason: EndReason = "complete"
) -> Recording:
    """A recording with reads at these times, in ns."""
    return replace(
        make_recording(),
        reads=tuple(Read(at_ns, data) for at_ns, data in reads),
        end=End(at_ns=end_ns, reason=reason),
    )


def chat_chunk(delta: str, extra: str = "") -> bytes:
    """One chat.completion.chunk with this delta; `extra` stands beside `choices`."""
    choice = f'"choices":[{{"index":0,"delta":{delta}}}]'
    return f'data: {{"object":"chat.completion.chunk",{choice}{extra}}}\n\n'.encode()
