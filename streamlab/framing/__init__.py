"""Framings: how the body of a stream is cut into events, and a decoder for each.

Whatever the framing, items are those of `sse`: an event has a span, a type and data, and what is
wrong with the bytes is an issue. So whoever reads items reads any stream. Like that of `sse`, each
decoder here never raises on bad input, gives the same items however the bytes are cut into pieces,
accounts for every byte once it is closed, and keeps no more than `max_block_bytes` of an event.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from streamlab import sse
from streamlab.framing.aws_event_stream import AwsEventStreamDecoder, message_bytes
from streamlab.framing.json_array import JsonArrayDecoder
from streamlab.framing.json_lines import JsonLinesDecoder
from streamlab.framing.recognise import (
    START_BYTES,
    Framing,
    announced,
    recognise,
    starts_event_stream,
    starts_json_lines,
)

__all__ = [
    "START_BYTES",
    "AwsEventStreamDecoder",
    "Decoder",
    "Framing",
    "JsonArrayDecoder",
    "JsonLinesDecoder",
    "announced",
    "decoder_for",
    "message_bytes",
    "recognise",
    "starts_event_stream",
    "starts_json_lines",
]


class Decoder(Protocol):
    """`feed` bytes, get the items they completed; `close` at the end. `offset` is the number of
    bytes fed."""

    offset: int

    def feed(self, data: bytes) -> list[sse.Item]:
        """The items that `data` completed."""

    def close(self) -> list[sse.Item]:
        """The items that only the end of the stream decides."""


_DECODERS: Final[Mapping[Framing, Callable[[], Decoder]]] = {
    "event-stream": sse.Decoder,
    "json-lines": JsonLinesDecoder,
    "json-array": JsonArrayDecoder,
    "aws-event-stream": AwsEventStreamDecoder,
}


def decoder_for(framing: Framing) -> Decoder | None:
    """A decoder of a body in this framing; None of one without events."""
    make = _DECODERS.get(framing)
    return None if make is None else make()
