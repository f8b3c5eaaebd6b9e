"""The pieces in which requests hands on a body."""

from collections.abc import Iterator

from streamlab.client_model.body import Body

__all__ = ["slices_of"]


def slices_of(body: Body, size: int) -> Iterator[bytes]:
    """What `iter_content(size)` yields: each HTTP chunk in pieces of at most `size` bytes; without
    chunks all bytes in pieces of just that size, the last one only where the body ends well
    (urllib3/response.py: read_chunked and read)."""
    for read in body.reads if body.is_chunked else (body.data,):
        for start in range(0, len(read), size):
            piece = read[start : start + size]
            if len(piece) == size or body.is_chunked or body.broken is None:
                yield piece
