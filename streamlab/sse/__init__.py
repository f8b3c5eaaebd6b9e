"""Server-Sent Events: bytes in, items out.

The rules are those of the WHATWG HTML standard, section 9.2.6 ("Interpreting an event stream"),
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation.

Theory of operation
-------------------
`Decoder.feed` takes bytes in any pieces and returns the items that these bytes completed. It never
raises on bad input: what the standard silently drops or repairs comes out as an `Issue`, with the
place it was found. The same bytes give the same items, however they are cut into pieces.

Each item knows its span, `start` and `stop`, as offsets in what was fed: the body, without its
content codings. After `close()` the spans together cover every byte. They nest: a comment or a bad
line inside a block lies within the span of the block's event. Bytes that mean nothing (an empty
line between blocks) are `Blank`.

A CR ends its line at once, without waiting for the byte after it; the LF of a CRLF then belongs to
what follows. Waiting would hold back the last event of every read of a stream that ends its lines
with a bare CR, and this decoder is there to tell when things arrived.

Memory: a line, with the data its block has collected before it, is kept up to `max_block_bytes`
(16 MiB unless told otherwise; clients stop at 64 KiB to 1 MiB). A block that is longer is not
dispatched but reported as an `Issue`, and its bytes are dropped as they come.
"""

from streamlab.sse.decoder import MAX_BLOCK_BYTES, Decoder, decode
from streamlab.sse.encode import encode
from streamlab.sse.items import (
    Blank,
    Comment,
    Event,
    Issue,
    IssueCode,
    Item,
    Retry,
    quoted,
    text_of,
)

__all__ = [
    "MAX_BLOCK_BYTES",
    "Blank",
    "Comment",
    "Decoder",
    "Event",
    "Issue",
    "IssueCode",
    "Item",
    "Retry",
    "decode",
    "encode",
    "quoted",
    "text_of",
]
