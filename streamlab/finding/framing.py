"""SL201 to SL209 and SL218: bytes that the event stream format drops, repairs or does not mean."""

import re
from collections.abc import Iterator
from typing import Final

from streamlab.finding.example import DONE, FINISH, HEALTHY, HEL, LO, Example
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot
from streamlab.finding.subject import Subject
from streamlab.sse import Issue
from streamlab.timeline import Arrival

__all__: list[str] = []

_BOM: Final = "\ufeff"
_FIELD: Final = re.compile(r"(?:data|event|id|retry)(?::|$)|:")
# The first bytes of a character of two, three or four bytes, and no more.
_CUT_CHARACTER: Final = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)


def _issues(subject: Subject, code: str) -> Iterator[tuple[Arrival, str]]:
    """The decoder's issues of a code, with what they quote."""
    for arrival in subject.issues.get(code, ()):  # type: ignore[call-overload]
        assert isinstance(arrival.item, Issue)
        yield arrival, arrival.item.detail


def is_no_event_stream(subject: Subject) -> bool:
    """Whether a body is said to be an event stream, and nothing in it is of one."""
    if not subject.is_sse or subject.events or subject.comments or not subject.issues:
        return False
    if subject.issues.keys() - {"unknown-field", "unterminated-event", "invalid-utf8", "bom"}:
        return False
    tails = [text for _, text in _issues(subject, "unterminated-event")]
    return "unknown-field" in subject.issues or any(not _FIELD.match(tail) for tail in tails)


@rule(
    "SL201",
    "bom",
    "warning",
    cause="an editor or a framework wrote UTF-8 with a signature",
    hint="write the stream as UTF-8 without a byte order mark",
    example=Example(pieces=(b"\xef\xbb\xbf" + HEL, *HEALTHY[1:])),
)
def _bom(subject: Subject) -> Iterator[Spot]:
    """A byte order mark starts the stream; some SDKs lose the first event to it."""
    for arrival, text in _issues(subject, "bom"):
        yield subject.at_arrival(arrival, "a byte order mark starts the stream", text)


@rule(
    "SL202",
    "bom-mid-stream",
    "warning",
    cause="streams, each with its own byte order mark, were put together",
    hint="remove byte order marks where streams are put together",
    example=Example(pieces=(HEL, b"\xef\xbb\xbf" + LO, FINISH, DONE)),
)
def _bom_inside(subject: Subject) -> Iterator[Spot]:
    """A byte order mark starts a line inside the stream: the line is lost, since its field's name
    begins with it."""
    for arrival, text in _issues(subject, "unknown-field"):
        if text.startswith(_BOM):
            yield subject.at_arrival(arrival, "a byte order mark hides this line", text)


@rule(
    "SL205",
    "invalid-utf8",
    "error",
    cause="bytes of another encoding, or a character that was cut where pieces were joined",
    hint="encode as UTF-8, and decode upstream bytes incrementally before cutting text",
    example=Example(pieces=(HEL, LO.replace(b"lo", b"\xff"), FINISH, DONE)),
)
def _invalid_utf8(subject: Subject) -> Iterator[Spot]:
    """Bytes are not UTF-8: readers see replacement characters, or raise."""
    for arrival, text in _issues(subject, "invalid-utf8"):
        yield subject.at_arrival(arrival, "these bytes are not UTF-8", text)


@rule(
    "SL206",
    "truncated-utf8-at-eof",
    "error",
    cause="the stream was cut by a count of bytes",
    hint="look for what ended the stream there: a limit, a crash, a closed connection",
    example=Example(
        pieces=(*HEALTHY, b": \xe4\xbf"),
    ),
)
def _cut_character(subject: Subject) -> Iterator[Spot]:
    """The stream ends inside a character."""
    if subject.is_sse and "unterminated-event" in subject.issues:
        found = _CUT_CHARACTER.search(subject.body, max(0, len(subject.body) - 4))
        if found:
            spot = subject.at_bytes(
                found.start(), found.end(), "the stream ends inside a character"
            )
            yield spot._replace(text=found.group().hex(" ").upper())


@rule(
    "SL207",
    "unterminated-final-event",
    "warning",
    cause="the writer forgot the last empty line, or the stream was cut",
    hint="end every event with an empty line, the last one too",
    example=Example(pieces=(HEL, LO, FINISH, DONE, b"data: {}\n")),
)
def _unterminated(subject: Subject) -> Iterator[Spot]:
    """The stream ends before the empty line that would dispatch its last event; readers of the
    standard drop it, others do not."""
    if is_no_event_stream(subject):
        return
    for arrival, text in _issues(subject, "unterminated-event"):
        if not text.startswith(":"):
            yield subject.at_arrival(arrival, "no empty line ends the last event", text)


@rule(
    "SL208",
    "unknown-field-line",
    "warning",
    cause="text with a line end was sent without a `data:` before each of its lines",
    hint="write `data:` before every line of the payload",
    example=Example(pieces=(HEL, b"oops\n" + LO, FINISH, DONE)),
)
def _unknown_field(subject: Subject) -> Iterator[Spot]:
    """A line whose field the standard does not know; readers skip it."""
    if is_no_event_stream(subject):
        return
    for arrival, text in _issues(subject, "unknown-field"):
        if not text.startswith(_BOM):
            yield subject.at_arrival(arrival, "readers skip this line: it is no known field", text)


@rule(
    "SL209",
    "non-sse-body",
    "error",
    cause="an error or a plain answer was forwarded under the type of a stream",
    hint="send it as an event, or under its own type and status",
    example=Example(pieces=(b'{"response":"a"}\n{"response":"b"}\n',)),
)
def _no_event_stream(subject: Subject) -> Iterator[Spot]:
    """The type is that of an event stream, and the body is none: clients see an empty stream."""
    if subject.has_succeeded and is_no_event_stream(subject):
        message = "the body is no event stream, though its type says so"
        yield subject.at_bytes(0, len(subject.body), message)


@rule(
    "SL213",
    "invalid-retry",
    "warning",
    cause="the writer sent a unit, or seconds with a fraction",
    hint="send milliseconds as digits only",
    example=Example(pieces=(b"retry: 3s\n" + HEL, *HEALTHY[1:])),
)
def _invalid_retry(subject: Subject) -> Iterator[Spot]:
    """A retry that is not all digits; readers ignore it."""
    for arrival, text in _issues(subject, "invalid-retry"):
        yield subject.at_arrival(arrival, "a retry must be digits only", text)


@rule(
    "SL214",
    "nul-in-id",
    "warning",
    cause="binary data was used as an id",
    hint="use text without U+0000",
    example=Example(pieces=(b"id: a\0b\n" + HEL, *HEALTHY[1:])),
)
def _nul_in_id(subject: Subject) -> Iterator[Spot]:
    """An id with U+0000; readers ignore it."""
    for arrival, text in _issues(subject, "nul-in-id"):
        yield subject.at_arrival(arrival, "an id must not hold U+0000", text)


@rule(
    "SL211",
    "data-less-block",
    "warning",
    cause="pings, retries or comments are sent as blocks of their own",
    hint="send keep-alives as comments, and `retry` or `id` together with data",
    example=Example(pieces=(b"retry: 3000\n\n", *HEALTHY)),
)
def _no_data(subject: Subject) -> Iterator[Spot]:
    """A block with fields but without data, or a comment as a block after an id: legal, and some
    SDKs parse the missing data as JSON. Normal where the dialect sends such pings."""
    if subject.grammar.may_be_empty:
        return
    for arrival, _ in _issues(subject, "no-data"):
        item = arrival.item
        text = "a block without data"
        yield subject.at_bytes(item.start, item.stop, text)._replace(at_ns=arrival.at_ns)
    ids = (
        [event.event.start for event in subject.events if event.event.id]
        if subject.comments
        else []
    )
    for arrival in subject.comments:
        if ids and arrival.item.start > ids[0] and _is_alone(subject, arrival):
            message = "a comment as a block of its own after an id"
            yield subject.at_bytes(arrival.item.start, arrival.item.stop, message)
            return


def _is_alone(subject: Subject, arrival: Arrival) -> bool:
    """Whether empty lines stand on both sides of a comment."""
    before = subject.body[max(0, arrival.item.start - 4) : arrival.item.start].replace(
        b"\r\n", b"\n"
    )
    after = subject.body[arrival.item.stop : arrival.item.stop + 1]
    return before.endswith((b"\n\n", b"\r\r")) and after in (b"\n", b"\r")
