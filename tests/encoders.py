"""Bodies in the content codings, as servers make them: flushed after each piece, or not."""

import zlib
from collections.abc import Callable, Iterable
from typing import Any

import brotli
import zstandard

__all__ = ["ENCODERS", "encoded"]


class _Brotli:
    """brotli's compressor with the names of the others."""

    def __init__(self) -> None:
        self._inner = brotli.Compressor(quality=5)
        self.compress = self._inner.process
        self.flush = self._inner.finish
        self.push = self._inner.flush


def _zlib(bits: int) -> Any:
    return zlib.compressobj(wbits=bits)


ENCODERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: _zlib(31),
    "x-gzip": lambda: _zlib(31),
    "deflate": lambda: _zlib(15),
    "bare deflate": lambda: _zlib(-15),
    "br": _Brotli,
    "zstd": lambda: zstandard.ZstdCompressor(write_checksum=True).compressobj(),
}


def _push(encoder: Any) -> bytes:
    """What a server sends that does not wait for more."""
    if isinstance(encoder, _Brotli):
        return encoder.push()
    is_zstd = type(encoder).__module__.startswith("zstandard")
    block = zstandard.COMPRESSOBJ_FLUSH_BLOCK if is_zstd else zlib.Z_SYNC_FLUSH
    return encoder.flush(block)


def encoded(coding: str, pieces: Iterable[bytes], *, flushed: bool = True) -> list[bytes]:
    """`pieces` encoded, with a piece of its own for the end. `coding` is a key of `ENCODERS`."""
    encoder = ENCODERS[coding]()
    made = [encoder.compress(piece) + (_push(encoder) if flushed else b"") for piece in pieces]
    return [*made, encoder.flush()]
