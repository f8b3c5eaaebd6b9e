"""Events as bytes of a stream."""

import re
from typing import Final

from streamlab.sse.items import Event

__all__ = ["encode"]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def encode(event: Event) -> bytes:
    """The event as bytes of a stream, with LF line ends.

    `decode(encode(event))` gives the event back but for its span, as long as type and id are one
    line and the id has no U+0000: the format cannot carry others (ValueError).
    """
    for value in (event.type, event.id or ""):
        if _LINE_END.search(value) or "\0" in (event.id or ""):
            raise ValueError(f"an event stream cannot carry the type or id {value!r}")
    lines = [] if event.type == "message" else [f"event: {event.type}"]
    if event.id is not None:
        lines.append(f"id: {event.id}")
    lines += [f"data: {line}" for line in _LINE_END.split(event.data)]
    return "\n".join([*lines, "", ""]).encode()
