"""Recordings cut anew: the same bytes, in reads that end wherever a proxy or TCP may end them."""

from dataclasses import replace

from streamlab.recording import End, Read, Recording

__all__ = ["cut_every", "cuts_characters", "cuts_lines"]

# Far enough apart that a client that keeps up gets them one by one.
GAP_NS = 2_000_000


def cut_every(recording: Recording, size: int) -> Recording:
    """The recording in reads of `size` bytes, a gap apart."""
    body = recording.body
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    reads = tuple(
        Read(at_ns=GAP_NS * number, data=piece) for number, piece in enumerate(pieces, start=1)
    )
    assert recording.response is not None
    assert recording.end is not None
    return replace(
        recording,
        response=replace(recording.response, at_ns=0),
        reads=reads,
        end=End(at_ns=GAP_NS * (len(reads) + 1), reason=recording.end.reason),
    )


def cuts_lines(recording: Recording) -> bool:
    """Whether a read ends inside a line."""
    return any(not read.data.endswith(b"\n") for read in recording.reads)


def cuts_characters(recording: Recording) -> bool:
    """Whether a read begins inside a character of UTF-8: with a continuation byte, 10xxxxxx."""
    return any(read.data[0] & 0b1100_0000 == 0b1000_0000 for read in recording.reads)
