"""The codings of a body undone as it comes.

All that the bytes so far can say comes out at once, so that an event is dated by the read that
completed it: a server that flushes its compressor after each event shows them one by one, one that
does not shows them in bursts.

Nothing is raised on bad input. Where a coding cannot be undone any further stands a `Defect`, and
what came before is kept to the last byte. The same bytes give the same output and the same defect,
however they are cut into pieces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from streamlab.content_coding.unpack import CODINGS, STEP_BYTES, BrokenError, Coding, Members
from streamlab.recording import Header, Recording

__all__ = [
    "MAX_DECODED_BYTES",
    "ContentDecoder",
    "Defect",
    "DefectCode",
    "content_codings",
    "decoded_body",
]

MAX_DECODED_BYTES: Final = 64 * 1024 * 1024
"""Where decoding stops: a few kilobytes can decode to gigabytes, and no answer is that long."""

DefectCode = Literal[
    "encoding-truncated",  # the body ended before the coding's own end
    "encoding-corrupt",  # the bytes are not what the coding says they are
    "encoding-too-large",  # more than `MAX_DECODED_BYTES` comes out
    "encoding-unknown",  # no coding of this name is known here, or there are too many
    "encoding-not-installed",  # the package that decodes it is missing
]

# As curl and urllib3 have it: each further one multiplies what a few bytes can cost.
_MAX_CODINGS: Final = 5
_DETAIL_CHARS: Final = 200
_DETAIL_BYTES: Final = 16


class Defect(NamedTuple):
    """Where and why a body cannot be decoded any further.

    `start` and `stop`, which are equal, are the offset in the decoded body; `cause` has the one in
    the encoded data. `detail` quotes the bytes up to there, in hexadecimal, or the codings.
    """

    code: DefectCode
    start: int
    stop: int
    detail: str
    cause: str


def content_codings(headers: tuple[Header, ...]) -> list[str]:
    """The codings of a body in the order in which they were applied, in lower case."""
    values = [value for name, value in headers if name.lower() == "content-encoding"]
    names = (name.strip().lower() for name in ",".join(values).split(","))
    return [name for name in names if name not in {"", "identity"}]


def decoded_body(recording: Recording) -> bytes:
    """The body without its content codings, as far as it can be decoded."""
    decoder = ContentDecoder(recording.response.headers if recording.response else ())
    return b"".join(piece for read in recording.reads for piece in decoder.feed(read.data))


class ContentDecoder:
    """Undoes the content codings that a response's headers name: `feed` bytes, then `close`.

    `defect` is None as long as all is well; after one, nothing more comes out. With `is_identity`
    the headers name no coding, and bytes come out as they went in.
    """

    def __init__(self, headers: tuple[Header, ...], *, max_bytes: int = MAX_DECODED_BYTES) -> None:
        self.defect: Defect | None = None
        self._decoded_bytes = 0
        self._layers: list[_Layer] = []
        names = content_codings(headers)
        self.is_identity = not names
        said = ", ".join(names)[:_DETAIL_CHARS]
        if len(names) > _MAX_CODINGS:
            cause = f"more than {_MAX_CODINGS} codings on each other are not undone"
            self.defect = Defect("encoding-unknown", 0, 0, said, cause)
            return
        for name in reversed(names):
            coding = CODINGS[name]() if name in CODINGS else None
            if coding is not None:
                self._layers.append(_Layer(name, coding, max_bytes))
            elif self.defect is None:
                self.defect = _refusal(name, said)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds to the decoded body, in pieces: a bomb does not come at once."""
        if self.defect is not None:
            return
        for piece in _through(self._layers, data):
            self._decoded_bytes += len(piece)
            yield piece
        self._look_for_defect()

    def close(self) -> None:
        """The body is over: a coding whose own end has not come is a defect."""
        if self.defect is None:
            for layer in self._layers:
                layer.close()
            self._look_for_defect()

    def _look_for_defect(self) -> None:
        at = self._decoded_bytes
        found = (layer.broken for layer in self._layers if layer.broken is not None)
        self.defect = next((Defect(b.code, at, at, b.detail, b.cause) for b in found), None)


def _refusal(name: str, said: str) -> Defect:
    if name in CODINGS:
        cause = f"to decode {name}: pip install 'streamlab-toolkit[encodings]', then reindex"
        return Defect("encoding-not-installed", 0, 0, said, cause)
    return Defect("encoding-unknown", 0, 0, said, "no coding of this name can be undone here")


def _through(layers: Sequence["_Layer"], data: bytes) -> Iterator[bytes]:
    if not layers:
        yield data
        return
    for piece in layers[0].feed(data):
        yield from _through(layers[1:], piece)


@dataclass(frozen=True, slots=True)
class _Broken:
    """What ended a layer, as in `Defect`."""

    code: DefectCode
    detail: str
    cause: str


class _Layer:
    """One coding of a body; `broken` is None as long as it can be undone."""

    def __init__(self, name: str, coding: Coding, max_bytes: int) -> None:
        self.broken: _Broken | None = None
        self._name = name
        self._coding = coding
        self._max_bytes = max_bytes
        self._members = Members(coding)
        self._encoded = bytearray()
        self._decoded_bytes = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), STEP_BYTES):
            if self.broken is not None:
                return
            step = data[start : start + STEP_BYTES]
            yield from self._bounded(self._decode(step))
            self._encoded += step

    def close(self) -> None:
        if self._encoded and not self._members.is_over:
            cause = f"the body ends inside its {self._name} data, after {len(self._encoded)} bytes"
            self.broken = _Broken("encoding-truncated", _hex(self._encoded[-_DETAIL_BYTES:]), cause)

    def _bounded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            left = self._max_bytes - self._decoded_bytes
            self._decoded_bytes += len(piece[:left])
            yield piece[:left]
            if len(piece) > left:
                cause = f"the rest is not looked at: it is more than {self._max_bytes:,} bytes"
                self.broken = _Broken("encoding-too-large", "", cause)
                return

    def _decode(self, step: bytes) -> Iterator[bytes]:
        try:
            yield from self._members.decode(step)
        except BrokenError:
            pass
        else:
            return
        yield from self._rescue(step)

    def _rescue(self, step: bytes) -> Iterator[bytes]:
        """What `step` gives before it breaks. A decoder that fails keeps that to itself, so that
        another one gets the same bytes one by one."""
        members = Members(self._coding)
        known_bytes = self._decoded_bytes
        for piece in members.decode(bytes(self._encoded)):
            known_bytes -= len(piece)
        for index in range(len(step)):
            try:
                for piece in members.decode(step[index : index + 1]):
                    yield piece[max(0, known_bytes) :]
                    known_bytes -= len(piece)
            except BrokenError as error:
                offset = len(self._encoded) + index
                cause = f"the {self._name} data is broken at its byte {offset}: {error}"
                until = self._encoded + step[: index + 1]
                self.broken = _Broken("encoding-corrupt", _hex(until[-_DETAIL_BYTES:]), cause)
                return


def _hex(data: bytearray) -> str:
    return data.hex(" ").upper()
