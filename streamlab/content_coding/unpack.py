"""The decompressors behind the content codings, each with the same face.

gzip (x-gzip) and deflate are Python's own, zstd is from 3.14 on. br, and zstd before that, come
with the extra `encodings`, and are imported when a body needs them.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Protocol

__all__ = ["CODINGS", "STEP_BYTES", "BrokenError", "Coding", "Members"]

STEP_BYTES: Final = 1024
"""How much to decode at once: what can come out of that fits into memory, whatever the coding."""

_BROTLI_PIECE_BYTES: Final = 1024 * 1024
# What decoders must be able to hold, and need not exceed (RFC 9659).
_ZSTD_WINDOW_LOG: Final = 23


class BrokenError(Exception):
    """The bytes are not of the coding; the message says what is wrong, in the decoder's words."""


class _Unpacker(Protocol):
    """Decodes one member; `unused_data` is what was fed behind its end."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def unpack(self, data: bytes) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How to start decoding a member, what its decoder raises, and whether several may follow."""

    start: Callable[[], _Unpacker]
    errors: tuple[type[Exception], ...]
    has_members: bool


class Members:
    """Decodes the members (gzip) or frames (zstd) of a coding's data, one after the other."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._unpacker = coding.start()

    @property
    def is_over(self) -> bool:
        """Whether the last member has come to its end."""
        return self._unpacker.eof

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds, in pieces. BrokenError where it is no such data."""
        while data:
            if self._unpacker.eof:
                if not self._coding.has_members:
                    raise BrokenError("more bytes after its end")
                self._unpacker = self._coding.start()
            try:
                yield from self._unpacker.unpack(data)
            except self._coding.errors as error:
                raise BrokenError(str(error).rpartition(": ")[2]) from error
            data = self._unpacker.unused_data


class _Decompressor(Protocol):
    """What the decompressors of zlib and of zstd have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Plain:
    """A decompressor whose output is bounded by its input: 1 KiB gives 1 MiB (zlib), 32 (zstd)."""

    def __init__(self, inner: _Decompressor) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def unpack(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.decompress(data)


class _Deflate:
    """deflate is zlib's format (RFC 9110, 8.4.1.2). Some servers send bare deflate (RFC 1951), and
    browsers read both: zlib's two first bytes are unlike those of any encoder's bare deflate."""

    def __init__(self) -> None:
        self._first = b""
        self._inner: _Plain | None = None

    @property
    def eof(self) -> bool:
        return self._inner is not None and self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data if self._inner else b""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._first += data
            if len(self._first) < 2:
                return
            bits = zlib.MAX_WBITS if _is_zlib(self._first) else -zlib.MAX_WBITS
            self._inner, data = _Plain(zlib.decompressobj(bits)), self._first
        yield from self._inner.unpack(data)


def _is_zlib(data: bytes) -> bool:
    """Method 8, and a check that makes both bytes a multiple of 31 (RFC 1950, 2.2)."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0


class _Brotli:
    """Some bytes of br can give gigabytes, so what comes out is asked for piece by piece."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - of a module without types
        self._inner = inner
        self.unused_data = b""  # bytes behind the end are an error of the decoder

    @property
    def eof(self) -> bool:
        return bool(self._inner.is_finished())

    def unpack(self, data: bytes) -> Iterator[bytes]:
        yield self._inner.process(data, output_buffer_limit=_BROTLI_PIECE_BYTES)
        while not self._inner.can_accept_more_data():
            yield self._inner.process(b"", output_buffer_limit=_BROTLI_PIECE_BYTES)


def _load(*names: str) -> ModuleType | None:
    """The first of these modules that is installed."""
    for name in names:
        with suppress(ImportError):
            return import_module(name)
    return None


def _gzip() -> Coding:
    bits = 16 + zlib.MAX_WBITS  # a gzip head is to be there
    return Coding(
        start=lambda: _Plain(zlib.decompressobj(bits)), errors=(zlib.error,), has_members=True
    )


def _deflate() -> Coding:
    return Coding(start=_Deflate, errors=(zlib.error,), has_members=False)


def _br() -> Coding | None:
    module = _load("brotli", "brotlicffi")
    # Older ones cannot be told how much they may give at once.
    if module is None or not hasattr(module.Decompressor, "can_accept_more_data"):
        return None
    return Coding(
        start=lambda: _Brotli(module.Decompressor()), errors=(module.error,), has_members=False
    )


def _zstd() -> Coding | None:
    module = _load("compression.zstd", "zstandard")
    if module is None:
        return None
    is_own = module.__name__ == "compression.zstd"
    start = partial(_own_zstd if is_own else _zstandard, module)
    return Coding(start=start, errors=(module.ZstdError,), has_members=True)


def _own_zstd(module: ModuleType) -> _Unpacker:
    options = {module.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return _Plain(module.ZstdDecompressor(options=options))


def _zstandard(module: ModuleType) -> _Unpacker:
    decompressor = module.ZstdDecompressor(max_window_size=1 << _ZSTD_WINDOW_LOG)
    return _Plain(decompressor.decompressobj())


CODINGS: Final[dict[str, Callable[[], Coding | None]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,  # RFC 9110, 8.4.1.3
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
}
"""By name: the coding, or None where the package for it is not installed."""
