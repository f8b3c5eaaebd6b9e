"""The rules that somebody gives: what is redacted besides credentials, and where it stands."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from streamlab.errors import InputError
from streamlab.redaction.credentials import REDACTED, Header, redact_headers, redact_text
from streamlab.redaction.json_path import Path, may_be_in, parse_path
from streamlab.redaction.json_walk import walk
from streamlab.redaction.spelled import Span, Spelled, json_string, plain

__all__ = ["Edit", "Redaction", "starts_like_json"]

_REDACTED: Final = REDACTED.encode()
_REDACTED_JSON: Final = b'"' + _REDACTED + b'"'
_LEFT: Final = re.compile(re.escape(REDACTED))
# RFC 9110, 5.6.2: what a header's name is made of.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# An object or an array, and not words in brackets such as [DONE].
_JSON_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:\{|\[\s*(?:[\"{\[\]0-9-]|true|false|null|\Z))"
)
_JSON_INSIDE: Final = re.compile(rb"[{\"]")
_QUOTED_BYTES: Final = re.compile(r"""\bb(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_STRING_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*\"")


class Edit(NamedTuple):
    """`start` to `stop` of some bytes become `data`."""

    start: int
    stop: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What is redacted besides credentials. InputError if a rule cannot be used.

    `headers` are names, in any case. `json_paths` name values in JSON bodies, JSON lines and the
    data of events: the part of RFC 9535 without filters and slices. `regexes` are Python's, and are
    looked for in bodies; in JSON within each string, so that it stays JSON.
    """

    headers: tuple[str, ...] = ()
    json_paths: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    _names: frozenset[str] = field(init=False, repr=False, compare=False)
    _paths: tuple[Path, ...] = field(init=False, repr=False, compare=False)
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("headers", "json_paths", "regexes"):
            if isinstance(getattr(self, name), str):
                raise InputError(f"{name} of a Redaction is one string", f"{name}=(…,)")
        # What is worked out once; a frozen instance is set like this (dataclasses docs).
        names = frozenset(map(_header_name, self.headers))
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_paths", tuple(map(parse_path, self.json_paths)))
        object.__setattr__(self, "_patterns", tuple(map(_pattern, self.regexes)))

    @property
    def has_body_rules(self) -> bool:
        """Whether bodies are looked into at all."""
        return bool(self._paths or self._patterns)

    def redact_headers(self, headers: tuple[Header, ...]) -> tuple[Header, ...]:
        """The same headers in the same order, without credentials and without what is named."""
        return tuple(
            (name, REDACTED if name.lower() in self._names else value)
            for name, value in redact_headers(headers)
        )

    def redact_text(self, text: str) -> str:
        """The detail of an end: without keys, and with rules for bodies without the bytes that a
        transport quotes in it, which are of a body."""
        text = redact_text(text)
        if not self.has_body_rules:
            return text
        text = _QUOTED_BYTES.sub(REDACTED, text)
        for start, stop in reversed(self._spans(text)):
            text = text[:start] + REDACTED + text[stop:]
        return text

    def edits(self, data: bytes, *, must_be_json: bool = False) -> list[Edit]:
        """What to replace in `data`, in order: a document, a line, the data of an event.

        Data that starts like JSON, or that `must_be_json`, is redacted value by value and string
        by string; everything else is text. Where JSON breaks, and where it starts within text, a
        path may not find what it names: if all names on its way are there, the rest goes.
        """
        paths = tuple(path for path in self._paths if may_be_in(path, data))
        if must_be_json or _is_json(data):
            return self._edits_of_json(data, paths)
        edits = list(self._edits_of(plain(data), 0))
        if paths and (inside := _JSON_INSIDE.search(data)):
            base = inside.start()
            found = self._edits_of_json(data[base:], paths)
            edits += [Edit(base + each.start, base + each.stop, each.data) for each in found]
        return _apart(edits)

    def _edits_of_json(self, data: bytes, paths: tuple[Path, ...]) -> list[Edit]:
        walked = walk(data, paths)
        edits = [
            Edit(start, stop, _REDACTED_JSON)
            for start, stop in walked.values
            if data[start:stop] != _REDACTED_JSON
        ]
        if self._patterns:
            for start, stop in walked.strings:
                string = json_string(data[start:stop].decode("latin-1"))
                edits += self._edits_of(string, start)
        rest = data[walked.stop :].rstrip()
        if not paths:
            edits += self._edits_of(plain(rest), walked.stop)
        elif rest not in {b"", _REDACTED}:
            edits.append(Edit(walked.stop, walked.stop + len(rest), _REDACTED))
        return sorted(edits)

    def _edits_of(self, spelled: Spelled, base: int) -> Iterator[Edit]:
        for start, stop in spelled.byte_spans(self._spans(spelled.text)):
            yield Edit(base + start, base + stop, _REDACTED)

    def _spans(self, text: str) -> list[Span]:
        return _merged(span for pattern in self._patterns for span in _matches(pattern, text))


def _is_json(data: bytes) -> bool:
    """Whether it starts like an object or array, or is a string and nothing else. (A number alone
    is text: nothing breaks if something in it is replaced.)"""
    is_string = _STRING_START.match(data) is not None
    return starts_like_json(data) or (is_string and walk(data, ()).is_whole)


def starts_like_json(data: bytes) -> bool:
    """Whether `data` starts like an object or an array."""
    return _JSON_START.match(data) is not None


def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise InputError(f"{name!r} is no name of a header", "give the name alone, without a value")
    return name.lower()


def _pattern(regex: str) -> re.Pattern[str]:
    try:
        return re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "https://docs.python.org/3/library/re.html has the syntax"
        raise InputError(f"regex {regex!r} cannot be used: {error}", hint) from error


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """What matches, but for nothing at all and for what an earlier redaction left there."""
    left = [match.start() for match in _LEFT.finditer(text)]
    for match in pattern.finditer(text):
        start, stop = match.span()
        index = bisect_right(left, start) - 1
        if start < stop and (index < 0 or stop > left[index] + len(REDACTED)):
            yield start, stop


def _apart(edits: list[Edit]) -> list[Edit]:
    """Edits in order, those that overlap as one: the first replaces what all of them do."""
    apart: list[Edit] = []
    for edit in sorted(edits):
        if apart and edit.start < apart[-1].stop:
            apart[-1] = apart[-1]._replace(stop=max(edit.stop, apart[-1].stop))
        else:
            apart.append(edit)
    return apart


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that overlap as one."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
