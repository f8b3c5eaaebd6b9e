"""Places in a stream, as people name them: an event, a read, a byte, a time, a finding."""

import json
import re
from typing import Final, NamedTuple

from streamlab.errors import InputError
from streamlab.finding import find
from streamlab.report.layout import Entry, Layout
from streamlab.report.show_text import format_ns, one_line
from streamlab.sse import Event

__all__ = ["Place", "find_place", "places"]

_WORDS: Final = "event:7, read:3, byte:1203, 1.3s, 300ms, finding:0, or the code of a finding"
_COUNTED: Final = re.compile(r"(?:(event|read|byte|finding):)?([0-9]{1,15})", re.ASCII)
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ns|us|µs|ms|s|m)", re.ASCII)
_UNITS_NS: Final = {
    "ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
}  # fmt: skip
_LISTED: Final = 8


class Place(NamedTuple):
    """A span of the decoded body and the time at which it was there; of a finding `slug` and
    `message`, and `mark`, the byte of the span that is meant, where it can be told."""

    name: str
    start: int
    stop: int
    at_ns: int
    slug: str = ""
    message: str = ""
    mark: int | None = None

    @property
    def marked(self) -> range:
        """The offsets that are meant."""
        if self.mark is None:
            return range(self.start, self.stop)
        return range(self.mark, self.mark + 1)


def find_place(layout: Layout, text: str) -> Place:
    """The place that `text` names. A number without a word is an event's. A time between two reads
    is the empty span between them. InputError if there is no such place."""
    if match := _COUNTED.fullmatch(text):
        return _counted(layout, match[1] or "event", int(match[2]))
    if match := _TIME.fullmatch(text):
        return _at(layout, text, round(float(match[1]) * _UNITS_NS[match[2]]))
    found = places(layout)
    for place in found:
        if text.lower() in (place.name.lower(), place.slug):
            return place
    message = f"{text!r} is no place in this stream, nor the code of one of its findings"
    raise InputError(message, f"a place is {_WORDS}; {_findings(found)}")


def places(layout: Layout) -> tuple[Place, ...]:
    """The findings of a stream, in the order of their bytes; named by code."""
    events = {entry.number: entry for entry in layout.entries if entry.number is not None}
    return tuple(
        Place(
            found.code,
            found.start,
            found.stop,
            found.at_ns,
            found.slug,
            found.message,
            None if found.event is None else _broken_byte(layout, events.get(found.event)),
        )
        for found in find(layout.recording, stream=layout.stream)
    )


def _counted(layout: Layout, word: str, number: int) -> Place:
    if word == "event":
        entry = next((each for each in layout.entries if each.number == number), None)
        if entry is not None:
            return Place(f"event:{number}", entry.start, entry.stop, entry.arrival.at_ns)
        raise _beyond(word, number, len(layout.stream.events), "streamlab show numbers them")
    if word == "read":
        if number < len(layout.reads):
            read = layout.reads[number]
            return Place(f"read:{number}", read.start, read.stop, read.at_ns)
        raise _beyond(word, number, len(layout.reads), "streamlab show --as reads numbers them")
    if word == "byte":
        at = layout.read_at(number)
        if at is not None and number < len(layout.body):
            return Place(f"byte:{number}", number, number + 1, at.at_ns)
        raise _beyond(word, number, len(layout.body), "bytes are those of the decoded body")
    found = places(layout)
    if number < len(found):
        return found[number]
    raise _beyond(word, number, len(found), _findings(found))


def _beyond(word: str, number: int, count: int, hint: str) -> InputError:
    there = f"there are {count}, the first is {word}:0" if count else "there is none"
    return InputError(f"this stream has no {word}:{number}: {there}", hint)


def _findings(found: tuple[Place, ...]) -> str:
    if not found:
        return "this stream has no findings"
    listed = ", ".join(
        f"finding:{index} is {place.name} {place.slug} at {format_ns(place.at_ns)}"
        for index, place in enumerate(found[:_LISTED])
    )
    return listed + (f", and {len(found) - _LISTED} more" if len(found) > _LISTED else "")


def _at(layout: Layout, text: str, at_ns: int) -> Place:
    """From the first read that is not earlier to the last that is not later."""
    starts = [read.start for read in layout.reads if read.at_ns >= at_ns]
    stops = [read.stop for read in layout.reads if read.at_ns <= at_ns]
    start = starts[0] if starts else len(layout.body)
    return Place(one_line(text, 20), start, stops[-1] if stops else 0, at_ns)


def _broken_byte(layout: Layout, entry: Entry | None) -> int | None:
    """The byte at which an event's JSON breaks off, where it can be told."""
    if entry is None or entry.kind != "malformed" or not isinstance(entry.arrival.item, Event):
        return None
    position = _broken_at(entry.arrival.item.data)
    if position is None:
        return None
    at = _offset_in_data(layout.body[entry.start : entry.stop], position)
    return None if at is None else entry.start + at


def _broken_at(data: str) -> int | None:
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return error.pos
    except (ValueError, RecursionError):
        return None
    return None


_LINE: Final = re.compile(rb"(?:data(?:: ?|(?=[\r\n]))([^\r\n]*)|[^\r\n]*)(?:\r\n|[\r\n])")


def _offset_in_data(block: bytes, position: int) -> int | None:
    """Where in the bytes of an event the character at `position` of its data stands."""
    for match in _LINE.finditer(block):
        if match[1] is None:
            continue
        try:
            value = match[1].decode()
        except UnicodeDecodeError:  # its replacement characters are no guide to its bytes
            return None
        if position <= len(value):
            return match.start(1) + len(value[:position].encode())
        position -= len(value) + 1
    return None
