"""The output of two streams, character by character: where it parts, and when the same came."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from streamlab.analysis import ReadEvent
from streamlab.dialect import DeltaKind

__all__ = ["Aligned", "Channel", "Output", "Parting", "Piece", "align", "output_of", "partings"]

_BEFORE_CHARS: Final = 24
_AFTER_CHARS: Final = 48


class Piece(NamedTuple):
    """Output that came with an event: the number of that, of its read, when it came, and how many
    characters of its channel there were then."""

    event: int
    read: int
    at_ns: int
    stop: int


@dataclass(slots=True)
class Channel:
    """All output of one kind and choice."""

    texts: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The pieces joined."""
        return "".join(self.texts)

    def holding(self, offset: int) -> Piece | None:
        """The piece with the character at `offset`; None behind the last one."""
        index = bisect_right(self.pieces, offset, key=lambda piece: piece.stop)
        return self.pieces[index] if index < len(self.pieces) else None


Output = Mapping[tuple[int, DeltaKind], Channel]
"""The channels of a stream, by choice and kind. What goes to several tools is one channel: ids of
calls differ from run to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Where the output of a channel parts: at this character, counted from 0. `a` and `b` are the
    pieces that hold it, None where the output had ended; beside them what was said `before` it in
    both, and from there on."""

    kind: DeltaKind
    choice: int
    offset: int
    before: str
    a: Piece | None
    b: Piece | None
    text_a: str
    text_b: str
    chars_a: int
    chars_b: int


class Aligned(NamedTuple):
    """A piece of `a`, and the piece of `b` with which the same had come."""

    a: Piece
    b: Piece

    @property
    def delay_ns(self) -> int:
        """How much later it came in `b`."""
        return self.b.at_ns - self.a.at_ns


def output_of(events: Sequence[ReadEvent]) -> dict[tuple[int, DeltaKind], Channel]:
    """The output of events."""
    channels: dict[tuple[int, DeltaKind], Channel] = {}
    for number, event in enumerate(events):
        for delta in event.deltas:
            if delta.is_output:
                channel = channels.setdefault((delta.choice, delta.kind), Channel())
                before = channel.pieces[-1].stop if channel.pieces else 0
                arrival = event.arrival
                stop = before + len(delta.text)
                channel.texts.append(delta.text)
                channel.pieces.append(Piece(number, arrival.read_index, arrival.at_ns, stop))
    return channels


def partings(a: Output, b: Output) -> tuple[Parting, ...]:
    """Where channels part, the earliest first; those that are alike have none."""
    found = [_parting(key, a.get(key, Channel()), b.get(key, Channel())) for key in {**a, **b}]
    return tuple(sorted((each for each in found if each is not None), key=_parted_ns))


def _parted_ns(parting: Parting) -> int:
    return min(piece.at_ns for piece in (parting.a, parting.b) if piece is not None)


def _parting(key: tuple[int, DeltaKind], a: Channel, b: Channel) -> Parting | None:
    text_a, text_b = a.text, b.text
    if text_a == text_b:
        return None
    offset = _common(text_a, text_b)
    choice, kind = key
    return Parting(
        kind=kind,
        choice=choice,
        offset=offset,
        before=text_a[max(0, offset - _BEFORE_CHARS) : offset],
        a=a.holding(offset),
        b=b.holding(offset),
        text_a=text_a[offset : offset + _AFTER_CHARS],
        text_b=text_b[offset : offset + _AFTER_CHARS],
        chars_a=len(text_a),
        chars_b=len(text_b),
    )


def _common(a: str, b: str) -> int:
    """How many characters both begin with."""
    if b.startswith(a) or a.startswith(b):
        return min(len(a), len(b))
    return next(index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)


def align(a: Output, b: Output) -> tuple[Literal["text", "order"], list[Aligned]]:
    """Each piece of `a` that can be aligned, in the order of their events, and what by.

    By the text: with the piece of `b` with which all that had been said up to there had come, as
    far as the channels are alike, however they are cut. Where that is less than half of the pieces,
    the answers are two: then by order, the n-th piece with the n-th.
    """
    by_text = [
        Aligned(piece, other.pieces[index])
        for key, channel in a.items()
        if (other := b.get(key)) is not None
        for piece, index in _same(channel, other)
    ]
    if 2 * len(by_text) >= sum(len(channel.pieces) for channel in a.values()):
        return "text", sorted(by_text)
    in_order = zip(_in_order(a), _in_order(b), strict=False)
    return "order", [Aligned(piece, other) for piece, other in in_order]


def _same(a: Channel, b: Channel) -> list[tuple[Piece, int]]:
    common = _common(a.text, b.text)
    stops = [piece.stop for piece in b.pieces]
    return [(piece, bisect_left(stops, piece.stop)) for piece in a.pieces if piece.stop <= common]


def _in_order(output: Output) -> list[Piece]:
    return sorted(piece for channel in output.values() for piece in channel.pieces)
