"""What a stream said, put together from its deltas: text, reasoning, tool calls, per choice."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from streamlab.dialect import Delta, DeltaKind, Usage
from streamlab.dialect.delta import parse_json

__all__ = ["Answer", "ToolCall", "answers", "is_same_call", "last_usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a tool; "" where the stream does not say the name or the id."""

    name: str
    id: str
    arguments_text: str

    @property
    def arguments(self) -> object | None:
        """The JSON value of the arguments; None if they are none, having been cut for instance."""
        return parse_json(self.arguments_text)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One choice of an answer, as far as it came. `usage` counts the tokens of all choices."""

    choice: int
    text: str
    reasoning: str
    refusal: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    usage: Usage | None


def answers(deltas: Iterable[Delta]) -> tuple[Answer, ...]:
    """The answers that deltas of one stream make up, by choice; none without output or finish."""
    drafts: dict[int, _Draft] = {}
    usage: Usage | None = None
    for delta in deltas:
        if delta.kind in _ANSWERING:
            if (draft := drafts.get(delta.choice)) is None:
                draft = drafts[delta.choice] = _Draft()
            draft.add(delta)
        elif delta.usage is not None:
            usage = last_usage(usage or Usage(), delta.usage)
    return tuple(
        Answer(
            choice=choice,
            text="".join(draft.pieces["text"]),
            reasoning="".join(draft.pieces["reasoning"]),
            refusal="".join(draft.pieces["refusal"]),
            tool_calls=tuple(call.finished() for call in draft.calls),
            finish_reason=draft.finish_reason,
            usage=usage,
        )
        for choice, draft in sorted(drafts.items())
    )


def last_usage(before: Usage, stated: Usage) -> Usage:
    """Of each count the last one stated: providers that repeat a count, count up."""
    counts = zip(before, stated, strict=True)
    return Usage(*(old if new is None else new for old, new in counts))


def is_same_call(
    call: tuple[object, object], piece: tuple[object, object], piece_name: object
) -> bool:
    """Whether a piece continues a call, by the id and the index of both.

    A piece with another id is of another call, whatever its index: some servers number all 0. One
    that has neither, but a name, begins a call.
    """
    if piece_name and piece[0] in (None, "") and piece[1] in (None, ""):
        return False
    pairs = zip(call, piece, strict=True)
    return all(old == new or old in (None, "") or new in (None, "") for old, new in pairs)


@dataclass(slots=True)
class _Call:
    id: str
    index: int | None
    name: str
    pieces: list[str] = field(default_factory=list)

    def finished(self) -> ToolCall:
        return ToolCall(name=self.name, id=self.id, arguments_text="".join(self.pieces))


@dataclass(slots=True)
class _Draft:
    """A choice, while its deltas come."""

    pieces: dict[DeltaKind, list[str]] = field(
        default_factory=lambda: {"text": [], "reasoning": [], "refusal": []}
    )
    calls: list[_Call] = field(default_factory=list)
    finish_reason: str | None = None

    def add(self, delta: Delta) -> None:
        if delta.kind == "finish":
            self.finish_reason = delta.finish_reason or self.finish_reason
        elif delta.kind == "tool_call":
            self._add_to_call(delta)
        else:
            self.pieces[delta.kind].append(delta.text)

    def _add_to_call(self, delta: Delta) -> None:
        piece = delta.call_id, delta.call_index
        for call in reversed(self.calls):
            if is_same_call((call.id, call.index), piece, delta.name):
                break
        else:
            call = _Call(delta.call_id, delta.call_index, delta.name)
            self.calls.append(call)
        call.id = call.id or delta.call_id
        call.index = delta.call_index if call.index is None else call.index
        call.name = call.name or delta.name
        call.pieces.append(delta.text)


_ANSWERING = frozenset({"text", "reasoning", "refusal", "tool_call", "finish"})
