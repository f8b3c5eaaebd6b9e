"""SL203, SL204 and SL210 to SL218: how the lines of an event stream are written."""

import re
from collections.abc import Iterator
from typing import Final

from streamlab.finding.example import DONE, FINISH, HEALTHY, HEL, LO, Example, chunk
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot
from streamlab.finding.subject import Subject
from streamlab.sse import Issue

__all__: list[str] = []

_BARE_CR: Final = re.compile(rb"\r(?!\n)")
_NO_SPACE: Final = re.compile(rb"data:[^ \r\n]")
# Ends of lines for readers that go by Unicode or by Python's str.splitlines, not by the standard.
_SEPARATORS: Final = tuple(
    character.encode() for character in "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
)
# From these sizes on, clients give up: old aiohttp, newer aiohttp, Cohere's SDK.
_SIZES: Final = ((1 << 20, "1 MiB"), (512 << 10, "512 KiB"), (128 << 10, "128 KiB"))


@rule(
    "SL203",
    "mixed-line-endings",
    "info",
    cause="parts of the stream come from different writers",
    hint="end all lines alike, best with LF",
    example=Example(pieces=(HEL.replace(b"\n", b"\r\n"), *HEALTHY[1:])),
)
def _mixed(subject: Subject) -> Iterator[Spot]:
    """Lines end in different ways."""
    if not subject.is_sse:
        return
    body = subject.body
    pairs = body.count(b"\r\n") if b"\r" in body else 0
    if 0 < pairs < body.count(b"\n"):
        start = body.index(b"\r\n")
        yield subject.at_bytes(start, start + 2, "some lines end with CRLF, others with LF")


@rule(
    "SL204",
    "bare-cr",
    "warning",
    cause="the writer ends lines with CR alone",
    hint="end lines with LF",
    example=Example(pieces=tuple(piece.replace(b"\n", b"\r") for piece in HEALTHY)),
)
def _bare_cr(subject: Subject) -> Iterator[Spot]:
    """A line ends with a CR alone; readers that look for LF (aiohttp) see one endless line."""
    if subject.is_sse and b"\r" in subject.body and (found := _BARE_CR.search(subject.body)):
        yield subject.at_bytes(found.start(), found.end(), "a CR alone ends a line")


@rule(
    "SL210",
    "no-space-after-colon",
    "info",
    cause="the writer leaves out the optional space",
    hint="write `data: ` with a space, for clients that look for it",
    example=Example(pieces=tuple(piece.replace(b"data: ", b"data:") for piece in HEALTHY)),
)
def _no_space(subject: Subject) -> Iterator[Spot]:
    """No space follows the colon: legal, and clients that look for `data: ` see nothing."""
    if not subject.is_sse:
        return
    for event in subject.events[:1]:
        start = event.event.start
        if found := _NO_SPACE.search(subject.body, start, event.event.stop):
            at = found.start()
            is_first = at == start or subject.body[at - 1 : at] in (b"\n", b"\r")
            if is_first:
                yield subject.at_bytes(at, found.end(), "no space follows the colon")


@rule(
    "SL215",
    "oversize-line",
    "warning",
    cause="a whole document, an image or a result of a tool in one event",
    hint="send it in pieces, or raise the limit of the client's reader",
    example=Example(
        pieces=(
            HEL,
            chunk(b'"delta":{"content":"%b"},"finish_reason":null' % (b"z" * 70_000)),
            FINISH,
            DONE,
        )
    ),
)
def _oversize(subject: Subject) -> Iterator[Spot]:
    """A line is longer than what some clients read; an error above 16 MiB, where it is not kept."""
    limit = subject.limits.line_bytes
    for number, event in enumerate(subject.events):
        start, stop = event.event.start, event.event.stop
        if stop - start > limit:
            size = max(map(len, re.split(rb"[\r\n]", subject.body[start:stop])))
            if size > limit:
                yield subject.at_event(number, f"a line of {size:,} bytes{_stops(size)}", 0)
    for arrival in subject.issues.get("block-too-long", ()):
        assert isinstance(arrival.item, Issue)
        message = "an event above the size limit; its data was not kept"
        spot = subject.at_arrival(arrival, message, arrival.item.detail)
        yield spot._replace(severity="error")


def _stops(size: int) -> str:
    passed = next((text for least, text in _SIZES if size > least), "")
    return f", more than {passed}, where clients stop" if passed else ""


@rule(
    "SL216",
    "unicode-line-separator",
    "info",
    cause="the model wrote such a character, and the JSON writer left it as it is",
    hint="escape it in JSON (\\u2028), and split lines at CR and LF only",
    example=Example(pieces=(HEL, LO.replace(b"lo", "\u2028".encode()), FINISH, DONE)),
)
def _separator(subject: Subject) -> Iterator[Spot]:
    """A character that is no line end here, but one for Python's splitlines and httpx's iter_lines:
    they cut the event there."""
    if not subject.is_sse:
        return
    found = [(at, sep) for sep in _SEPARATORS if (at := subject.body.find(sep)) >= 0]
    if found:
        at, separator = min(found)
        name = f"U+{ord(separator.decode()):04X}"
        yield subject.at_bytes(at, at + len(separator), f"{name} ends a line for some readers")


@rule(
    "SL217",
    "comment-keepalive",
    "info",
    cause="the server keeps the connection open while the model is busy",
    hint="nothing, if your client skips comments",
    example=Example(pieces=(b": keep-alive\n\n", *HEALTHY)),
)
def _comments(subject: Subject) -> Iterator[Spot]:
    """Comments: legal, and some clients parse them as data."""
    if subject.comments:
        first, count = subject.comments[0], len(subject.comments)
        message = f"{count} comments" if count > 1 else "a comment"
        spot = subject.at_bytes(first.item.start, first.item.stop, message)
        yield spot._replace(at_ns=first.at_ns)


@rule(
    "SL218",
    "missing-blank-line",
    "error",
    cause="the writer ended an event with one line end instead of two",
    hint="end every event with an empty line",
    example=Example(pieces=(HEL[:-1] + LO, FINISH, DONE), along=("SL303",)),
)
def _missing_blank(subject: Subject) -> Iterator[Spot]:
    """No empty line stands between two events, so that they are one with two documents in it."""
    for number, flaw in subject.flaws:
        if flaw.kind == "lines":
            yield subject.at_event(number, "no empty line stands between two events", flaw.mark)
