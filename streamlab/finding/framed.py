"""SL219, SL220: streams that are framed otherwise than as Server-Sent Events."""

import zlib
from collections.abc import Iterator
from typing import Final

from streamlab.finding.example import STREAM_HEAD, Example
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot
from streamlab.finding.subject import Subject
from streamlab.recording import Header
from streamlab.sse import Issue, IssueCode

__all__: list[str] = []

_JSON_HEAD: Final[tuple[Header, ...]] = (("Content-Type", "application/json"), *STREAM_HEAD[1:])
_AWS_HEAD: Final[tuple[Header, ...]] = (
    ("Content-Type", "application/vnd.amazon.eventstream"),
    *STREAM_HEAD[1:],
)
_PRELUDE: Final = b"\0\0\0\x10\0\0\0\0"

_ARRAY: Final[dict[IssueCode, str]] = {
    "unterminated-array": "the stream ends before the bracket that closes its JSON array",
    "outside-array": "bytes stand before or after the JSON array that the body is",
}
_MESSAGES: Final[dict[IssueCode, str]] = {
    "aws-crc": "a checksum is wrong: these bytes are not those that were sent",
    "aws-length": "a message is shorter than its own parts; what follows cannot be read",
    "aws-headers": "the headers of a message are not as their lengths and types say",
}


def _spots(subject: Subject, messages: dict[IssueCode, str]) -> Iterator[Spot]:
    for code, message in messages.items():
        for arrival in subject.issues.get(code, ()):
            assert isinstance(arrival.item, Issue)
            yield subject.at_arrival(arrival, message, arrival.item.detail)


@rule(
    "SL219",
    "broken-array",
    "error",
    cause="the server broke off, or something wrote into its answer",
    hint="ask for events instead (`alt=sse`), which a client can tell the end of",
    example=Example(pieces=(b'[{"answer": 1}\n', b',{"answer": 2}\n'), headers=_JSON_HEAD),
)
def _broken_array(subject: Subject) -> Iterator[Spot]:
    """A body that is one JSON array, element by element, has no end, or something beside it."""
    return _spots(subject, _ARRAY)


@rule(
    "SL220",
    "broken-message",
    "error",
    cause="a proxy changed or cut the binary stream, or took it for text",
    hint="compare with a recording made without the proxy; the checksums are the sender's",
    example=Example(
        pieces=(_PRELUDE + zlib.crc32(_PRELUDE).to_bytes(4) + b"\0\0\0\0",), headers=_AWS_HEAD
    ),
)
def _broken_message(subject: Subject) -> Iterator[Spot]:
    """A message of an AWS event stream (Bedrock) is not what its checksums and lengths say."""
    return _spots(subject, _MESSAGES)
