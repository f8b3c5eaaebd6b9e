"""SL212 and SL3xx: the JSON in the data of events."""

import json
import re
from collections.abc import Iterator
from typing import Final

from streamlab.finding.example import DONE, FINISH, HEALTHY, HEL, LO, Example
from streamlab.finding.flaw import FlawKind, block_data, is_cut
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Subject
from streamlab.sse import Issue

__all__: list[str] = []

# A server that writes a key twice does so in every chunk, so not all are looked at.
_LOOKED_AT: Final = 8
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def _flawed(subject: Subject, *kinds: FlawKind) -> Iterator[Spot]:
    for number, flaw in subject.flaws:
        if flaw.kind in kinds:
            yield subject.at_event(number, flaw.message, flaw.mark)


@rule(
    "SL212",
    "comment-as-data",
    "error",
    cause="a gateway put `data:` before each line that it passes on, comments too",
    hint="pass comments on as they are, or drop them",
    example=Example(pieces=(b"data: : PROCESSING\n\n", *HEALTHY), along=("SL301",)),
)
def _comment_as_data(subject: Subject) -> Iterator[Spot]:
    """A comment was sent as data: clients parse it as JSON."""
    yield from _flawed(subject, "comment")


@rule(
    "SL301",
    "json-invalid",
    "error",
    cause="JSON was put together by hand, or pieces of two events were mixed",
    hint="write each payload with a JSON library, in one piece",
    example=Example(pieces=(HEL, LO.replace(b'"lo"', b"lo"), FINISH, DONE)),
)
def _invalid(subject: Subject) -> Iterator[Spot]:
    """The data of an event is no JSON; clients raise, or skip it."""
    yield from _flawed(subject, "invalid", "comment")


@rule(
    "SL302",
    "json-over-data-lines",
    "info",
    cause="JSON is written with indentation",
    hint="write each payload on one line",
    example=Example(pieces=(HEL, LO.replace(b'"choices"', b'\ndata: "choices"'), FINISH, DONE)),
)
def _over_lines(subject: Subject) -> Iterator[Spot]:
    """One JSON document on several data lines: legal, and readers that go line by line fail."""
    if not subject.is_sse:
        return
    several = [n for n, event in enumerate(subject.events) if "\n" in event.event.data]
    for number in several:
        if isinstance(subject.events[number].chunk.payload, dict | list):
            yield subject.at_event(number, "the JSON stands on several data lines")


@rule(
    "SL303",
    "json-multiple-documents",
    "error",
    cause="two payloads were written without an event's end between them",
    hint="send each document as an event of its own",
    example=Example(pieces=(HEL[:-2] + LO.removeprefix(b"data: "), FINISH, DONE)),
)
def _several(subject: Subject) -> Iterator[Spot]:
    """The data of one event holds several JSON documents."""
    yield from _flawed(subject, "several", "lines")


@rule(
    "SL304",
    "json-nonfinite",
    "error",
    cause="Python's json.dumps writes NaN and Infinity unless allow_nan is False",
    hint="send null instead, and set allow_nan=False",
    example=Example(pieces=(HEL, LO.replace(b'"delta"', b'"logprobs":NaN,"delta"'), FINISH, DONE)),
)
def _nonfinite(subject: Subject) -> Iterator[Spot]:
    """NaN or Infinity, which JSON does not have: Python reads it, JavaScript and others raise."""
    yield from _flawed(subject, "nonfinite")


@rule(
    "SL305",
    "json-not-object",
    "warning",
    cause="an empty result was serialised",
    hint="send nothing, or an object",
    example=Example(pieces=(b"data: null\n\n", *HEALTHY)),
)
def _not_object(subject: Subject) -> Iterator[Spot]:
    """The data is JSON, and no object, which the dialect calls for."""
    yield from _flawed(subject, "not-object")


@rule(
    "SL306",
    "json-truncated",
    "error",
    cause="the stream was cut, or a limit on the size of events",
    hint="look for what ended the stream there, or for a limit on the size of an event",
    example=Example(pieces=(HEL, LO[:40] + b"\n\n", FINISH, DONE)),
)
def _truncated(subject: Subject) -> Iterator[Spot]:
    """The JSON of an event breaks off, or the stream ends inside it."""
    yield from _flawed(subject, "truncated")
    if subject.defects:
        return  # what cut the JSON is the content coding, which SL108 names
    for arrival in subject.issues.get("unterminated-event", ()):
        item = arrival.item
        assert isinstance(item, Issue)
        if is_cut(block_data(subject.body[item.start : item.stop])):
            message = "the stream ends inside this JSON"
            yield subject.at_arrival(arrival, message, item.detail)


@rule(
    "SL307",
    "json-duplicate-key",
    "warning",
    cause="JSON was put together by hand",
    hint="write each key once: readers take the first, the last, or raise",
    example=Example(pieces=(HEL, LO.replace(b'"index":0', b'"index":0,"index":0'), FINISH, DONE)),
)
def _duplicate_key(subject: Subject) -> Iterator[Spot]:
    """An object has the same key twice. Looked for in the first events only."""
    for number, _ in subject.payloads[:_LOOKED_AT]:
        if key := _repeated_key(subject.events[number].event.data):
            yield subject.at_event(number, f"the key {quoted(key)} is there twice")


class _RepeatedKeyError(Exception):
    """An object has a key twice."""


def _refuse_repeated(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(next(key for key in keys if keys.count(key) > 1))


_KEYS: Final = json.JSONDecoder(object_pairs_hook=_refuse_repeated)


def _repeated_key(text: str) -> str | None:
    try:
        _KEYS.decode(text)
    except _RepeatedKeyError as error:
        return str(error)
    except (ValueError, RecursionError):
        pass
    return None


@rule(
    "SL308",
    "lone-surrogate-escape",
    "warning",
    cause="text was cut between the halves of a character, as UTF-16 has them",
    hint="cut text between characters, not between UTF-16 units",
    example=Example(pieces=(HEL, LO.replace(b'"lo"', b'"\\ud83d"'), FINISH, DONE)),
)
def _lone_surrogate(subject: Subject) -> Iterator[Spot]:
    """A string has half of an escaped pair (\\ud83d alone): it cannot be encoded."""
    if rb"\ud" not in subject.body and rb"\uD" not in subject.body:
        return
    for number, event in enumerate(subject.events):
        data = event.event.data
        if (found := _ESCAPED_SURROGATE.search(data)) and _has_lone_surrogate(event.chunk.payload):
            yield subject.at_event(number, "half of a surrogate pair", found.start())


def _has_lone_surrogate(payload: object) -> bool:
    try:
        text = json.dumps(payload, ensure_ascii=False)
    except (ValueError, RecursionError):
        return False
    return _SURROGATE.search(text) is not None


@rule(
    "SL309",
    "empty-data",
    "warning",
    cause="a ping is sent as an event without content",
    hint="send keep-alives as comments",
    example=Example(pieces=(b"data:\n\n", *HEALTHY)),
)
def _empty_data(subject: Subject) -> Iterator[Spot]:
    """The data is empty: legal, and clients that parse it as JSON raise."""
    if not subject.grammar.may_be_empty:
        yield from _flawed(subject, "blank")


@rule(
    "SL310",
    "replacement-char-in-text",
    "warning",
    cause="something upstream decodes read by read, or token by token, and not incrementally",
    hint="decode incrementally, holding back what is not yet a character",
    example=Example(pieces=(HEL, LO.replace(b"lo", b"\xef\xbf\xbd"), FINISH, DONE)),
)
def _replacement(subject: Subject) -> Iterator[Spot]:
    """The text holds U+FFFD: a character was broken before it was sent."""
    body = subject.body
    if b"\xef\xbf\xbd" not in body and rb"\ufffd" not in body and rb"\uFFFD" not in body:
        return
    for number, event in enumerate(subject.events):
        if any("\ufffd" in delta.text for delta in event.deltas if delta.is_output):
            mark = event.event.data.find("\ufffd")
            spot = subject.at_event(number, "a replacement character", mark if mark >= 0 else None)
            if not _is_bad_utf8(subject, spot):
                yield spot


def _is_bad_utf8(subject: Subject, spot: Spot) -> bool:
    """Whether the decoder put it there, for bytes that SL205 names."""
    bad = subject.issues.get("invalid-utf8", ())
    return any(spot.start <= arrival.item.start < spot.stop for arrival in bad)
