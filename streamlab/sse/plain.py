"""Blocks as nearly all streams have them: one `data` line, or an `event` line and one `data` line.

They mean what the decoder would read in them line by line, a tenth as fast. Whatever is unusual
about a block (another field, a CR, a line without a space after its colon, bytes that are not
UTF-8) is left to that.
"""

from functools import partial
from itertools import accumulate, pairwise, repeat
from typing import Final, cast

from streamlab.sse.items import Event

__all__ = ["plain_event", "plain_events"]

_DATA: Final = b"data: "
_EVENT: Final = b"event: "
_BETWEEN: Final = b"\n\n" + _DATA

# As `Event(…)`, without the Python function that a named tuple is otherwise made by.
_new_event: Final = partial(tuple.__new__, Event)


def plain_events(blocks: bytes, start: int, last_event_id: str | None) -> list[Event] | None:
    """The events of blocks that each are one `data` line; None if one of them is anything else.

    `blocks` stand at offset `start`, have no CR and end with an empty line. There is no loop over
    the blocks in Python, so that a stream is read at about the speed at which it is decoded.
    """
    if not blocks.startswith(_DATA):
        return None
    lines = blocks[len(_DATA) : -2].split(_BETWEEN)
    if blocks.count(b"\n") != 2 * len(lines):
        return None
    try:
        texts = list(map(bytes.decode, lines))
    except UnicodeDecodeError:
        return None
    spans = pairwise(accumulate(map(len(_BETWEEN).__add__, map(len, lines)), initial=start))
    starts, stops = zip(*spans, strict=True)
    fields = zip(repeat("message"), texts, repeat(last_event_id), starts, stops)
    return cast("list[Event]", list(map(_new_event, fields)))


def plain_event(block: bytes, start: int, last_event_id: str | None) -> Event | None:
    """The event of a block without its empty line: a `data` line, maybe after an `event` line; None
    if it is anything else."""
    type_, line = "", block
    try:
        if block.startswith(_EVENT):
            name, _, line = block[len(_EVENT) :].partition(b"\n")
            type_ = name.decode()
        if not line.startswith(_DATA) or b"\n" in line:
            return None
        data = line[len(_DATA) :].decode()
    except UnicodeDecodeError:
        return None
    return Event(type_ or "message", data, last_event_id, start, start + len(block) + 2)
