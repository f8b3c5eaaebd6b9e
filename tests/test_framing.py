"""The framings that are no event stream: any bytes, in any split, are accounted for."""

import base64
import json
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamlab.framing import (
    AwsEventStreamDecoder,
    Decoder,
    Framing,
    JsonArrayDecoder,
    JsonLinesDecoder,
    decoder_for,
)
from streamlab.sse import Blank, Event, Issue, Item

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "framing_cases.jsonl")
    .read_text("utf-8")
    .splitlines()
]
DECODERS: tuple[Callable[..., Decoder], ...] = (
    JsonLinesDecoder,
    JsonArrayDecoder,
    AwsEventStreamDecoder,
)

Value = str | tuple[int, bytes]


def aws_header(name: str, value: Value) -> bytes:
    """A header with a string, or with a value of another type, as its bytes."""
    kind, data = (7, value.encode()) if isinstance(value, str) else value
    length = len(data).to_bytes(2) if kind in (6, 7) else b""
    return bytes([len(name)]) + name.encode() + bytes([kind]) + length + data


def aws_message(payload: bytes, headers: Iterable[tuple[str, Value]] | bytes = ()) -> bytes:
    """A message of an AWS event stream; `headers` may be a block that is ready."""
    block = headers
    if not isinstance(block, bytes):
        block = b"".join(aws_header(name, value) for name, value in headers)
    prelude = (16 + len(block) + len(payload)).to_bytes(4) + len(block).to_bytes(4)
    start = prelude + zlib.crc32(prelude).to_bytes(4) + block + payload
    return start + zlib.crc32(start).to_bytes(4)


def items_of(decoder: Decoder, pieces: Iterable[bytes]) -> list[Item]:
    return [*(item for piece in pieces for item in decoder.feed(piece)), *decoder.close()]


def decoded(framing: Framing, body: bytes) -> list[Item]:
    decoder = decoder_for(framing)
    assert decoder is not None
    return items_of(decoder, [body])


def described(item: Item) -> list[object]:
    """Item or code, what it holds, span: as the case file writes it."""
    match item:
        case Event(data=data):
            return ["event", data, item.start, item.stop]
        case Issue(code=code, detail=detail):
            return [code, detail, item.start, item.stop]
        case Blank():
            return ["blank", "", item.start, item.stop]
    raise AssertionError(item)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['framing']} {c['items']}"[:70] for c in CASES])
def test_case(case: dict[str, Any]) -> None:
    """Each body has the items that its line says, fed at once and byte by byte."""
    body = base64.b64decode(case["base64"]) if "base64" in case else case["body"].encode()
    found = decoded(case["framing"], body)
    assert case["items"] == [described(item) for item in found]
    assert {("message", None)} >= {(e.type, e.id) for e in found if isinstance(e, Event)}
    decoder = decoder_for(case["framing"])
    assert decoder is not None
    assert found == items_of(decoder, (bytes([byte]) for byte in body))


json_bytes = st.text('{}[]",:\\ \r\n1a\ufeff\xe9', max_size=60).map(str.encode)
messages = st.lists(
    st.builds(
        aws_message,
        st.binary(max_size=20),
        st.lists(
            st.tuples(
                st.sampled_from([":event-type", ":exception-type", ":message-type", "other"]),
                st.text(max_size=5) | st.tuples(st.integers(0, 10), st.binary(max_size=16)),
            ),
            max_size=3,
        )
        | st.binary(max_size=10),
    ),
    max_size=4,
).map(b"".join)
bodies = st.one_of(
    st.binary(max_size=80),
    json_bytes,
    json_bytes.map(lambda body: b"[" + body),
    messages,
    st.tuples(messages, st.integers(0, 80)).map(lambda cut: cut[0][: cut[1]]),
    st.tuples(messages, st.integers(0, 80), st.binary(max_size=3)).map(
        lambda edit: edit[0][: edit[1]] + edit[2] + edit[0][edit[1] + len(edit[2]) :]
    ),
)
cuts = st.lists(st.integers(1, 20), max_size=20)
limits = st.sampled_from([4, 20, 30, 1000])


@given(bodies, cuts, limits, st.sampled_from(DECODERS))
@example(b"\xef", [], 1000, JsonArrayDecoder)
@example(b'["\\x",""]', [3, 4], 1000, JsonArrayDecoder)
@example(b'[{"a\\\\": 1}]', [1, 1, 1, 1, 1, 1, 1], 1000, JsonArrayDecoder)
def test_any_bytes_in_any_split(
    body: bytes, sizes: list[int], limit: int, make: Callable[..., Decoder]
) -> None:
    """The same items however the bytes are cut; spans cover every byte and lie within the body;
    events come in order; nothing is raised."""
    pieces, start = [], 0
    for size in sizes:
        pieces.append(body[start : start + size])
        start += size
    decoder = make(max_block_bytes=limit)
    whole = items_of(decoder, [body])
    assert len(body) == decoder.offset
    assert whole == items_of(make(max_block_bytes=limit), [*pieces, body[start:]])
    covered = {offset for item in whole for offset in range(item.start, item.stop)}
    assert set(range(len(body))) == covered
    outer = [item for item in whole if not isinstance(item, Issue) or item.code != "invalid-utf8"]
    assert [0, *(item.stop for item in outer)][: len(outer)] == [item.start for item in outer]
    assert [] == decoder.close() or isinstance(whole[-1], Issue)


@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
            max_leaves=8,
        )
    ),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_any_json_comes_back(values: list[Any], indent: int | None, ascii_only: bool) -> None:
    """The elements of an array, pretty or not, and the values of lines, are what was written."""
    array = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    lines = "".join(json.dumps(value, ensure_ascii=ascii_only) + "\n" for value in values)
    for framing, body in (("json-array", array), ("json-lines", lines)):
        found = decoded(framing, body.encode())  # type: ignore[arg-type]
        assert not [item for item in found if isinstance(item, Issue)]
        assert values == [json.loads(item.data) for item in found if isinstance(item, Event)]


@pytest.mark.parametrize(
    ("make", "body", "events"),
    [
        (JsonLinesDecoder, b'{"a": "' + b"x" * 200_000 + b'"}\n', 1),
        (JsonArrayDecoder, b'[{"a": "' + b"\\\\x[" * 50_000 + b'"}]', 1),
        (JsonArrayDecoder, b"[" * 100_000 + b"]" * 100_000, 1),
        (AwsEventStreamDecoder, aws_message(b"x" * 200_000), 1),
    ],
    ids=["line", "string", "nesting", "message"],
)
def test_a_long_event_in_bytes_takes_as_long_as_it_is(
    make: Callable[..., Decoder], body: bytes, events: int
) -> None:
    """What was read is not read again: so many bytes, one by one, would take minutes otherwise."""
    found = items_of(make(), (body[at : at + 1] for at in range(len(body))))
    assert events == sum(isinstance(item, Event) for item in found)


@pytest.mark.parametrize("make", DECODERS)
def test_what_is_too_long_is_not_kept(make: Callable[..., Decoder]) -> None:
    """It is an issue, as long as it is, and the next event is read again."""
    bodies = {
        JsonLinesDecoder: b'"%b"\n"a"\n',
        JsonArrayDecoder: b'["%b","a"]',
    }
    long = b"x" * 5000
    if make is AwsEventStreamDecoder:
        body = aws_message(long) + aws_message(b'"a"')
    else:
        body = bodies[make] % long  # type: ignore[index]
    decoder = make(max_block_bytes=100)
    found = [item for piece in (body[:2000], body[2000:4000]) for item in decoder.feed(piece)]
    assert len(bytes(getattr(decoder, "_line", getattr(decoder, "_kept", b"")))) <= 1024
    found += [*decoder.feed(body[4000:]), *decoder.close()]
    issue, event = (item for item in found if not isinstance(item, Blank))
    assert ("block-too-long", '"a"') == (issue.code, event.data)  # type: ignore[union-attr]
    assert 5000 <= issue.stop - issue.start < 5020
    (cut,) = (i for i in items_of(make(max_block_bytes=100), [body[:3000]]) if isinstance(i, Issue))
    assert cut.code in {"block-too-long", "unterminated-event"}
    assert len(cut.detail) <= 200


def test_an_element_is_there_with_its_last_byte() -> None:
    """Nobody waits for the comma after it, or the array's end; of a number the next byte tells."""
    decoder = JsonArrayDecoder()
    counts = [len([i for i in decoder.feed(p) if isinstance(i, Event)]) for p in
              (b'[{"a"', b": 1}", b'\n, "b"', b",2", b"]")]  # fmt: skip
    assert [0, 1, 1, 0, 1] == counts


EVENT = [
    (":event-type", "chunk"),
    (":content-type", "application/json"),
    (":message-type", "event"),
]
ALL_TYPES: list[tuple[str, Value]] = [
    ("true", (0, b"")), ("false", (1, b"")), ("byte", (2, b"\1")), ("short", (3, b"\0\1")),
    ("integer", (4, bytes(4))), ("long", (5, bytes(8))), ("bytes", (6, b"\xff\0")),
    ("string", (7, b"\xc3\xa9")), ("time", (8, bytes(8))), ("uuid", (9, bytes(16))),
]  # fmt: skip


def test_messages_of_an_aws_event_stream() -> None:
    """Types and payloads, whatever headers stand around. The empty message is one of AWS's own."""
    empty = bytes.fromhex("00000010 00000000 05C248EB 7D98C8FF")
    assert empty == aws_message(b"")
    body = b"".join(
        [
            aws_message(b'{"a": 1}', EVENT),
            aws_message(b"{}", [*ALL_TYPES, (":event-type", "last"), *ALL_TYPES]),
            aws_message(b'{"message": "slow"}', [(":message-type", "exception"),
                                                 (":exception-type", "throttlingException")]),
            aws_message(b"", [(":message-type", "error"), (":error-code", "500"),
                              (":error-message", "oh no")]),
            empty,
        ]
    )  # fmt: skip
    found = decoded("aws-event-stream", body)
    assert [
        ("chunk", '{"a": 1}'),
        ("last", "{}"),
        ("throttlingException", '{"message": "slow"}'),
        ("error", "500: oh no"),
        ("message", ""),
    ] == [(item.type, item.data) for item in found if isinstance(item, Event)]
    assert len(found) == 5


GOOD = aws_message(b"{}", EVENT)
BROKEN_HEADERS = [b"\1", b"\1a", b"\1a\x07", b"\1a\x07\0\2b", b"\1a\x0a", b"\1a\x04\0\0", b"\xffa"]


@pytest.mark.parametrize(
    ("parts", "codes"),
    [
        ([GOOD, GOOD[:-1] + b"\0", GOOD], ["event", "aws-crc", "event"]),
        ([GOOD, GOOD[:20] + b"!" + GOOD[21:], GOOD], ["event", "aws-crc", "event"]),
        ([GOOD, GOOD[:3] + b"\0" + GOOD[4:] + GOOD], ["event", "aws-crc"]),
        ([GOOD, b"HTTP/1.1 500"], ["event", "aws-crc"]),
        ([GOOD, GOOD[:-1]], ["event", "unterminated-event"]),
        ([GOOD, GOOD[:5]], ["event", "unterminated-event"]),
        ([b"\0\0\0\x0f\0\0\0\0" + zlib.crc32(b"\0\0\0\x0f\0\0\0\0").to_bytes(4) + GOOD],
         ["aws-length"]),
        ([b"\0\0\0\x12\0\0\0\3" + zlib.crc32(b"\0\0\0\x12\0\0\0\3").to_bytes(4) + GOOD],
         ["aws-length"]),
        *(([GOOD, aws_message(b"{}", block), GOOD], ["event", "aws-headers", "event"])
          for block in BROKEN_HEADERS),
    ],
)  # fmt: skip
def test_broken_messages_are_issues(parts: list[bytes], codes: list[str]) -> None:
    """Each in its place; where the lengths cannot be trusted, it is the rest."""
    found = decoded("aws-event-stream", b"".join(parts))
    assert codes == [item.code if isinstance(item, Issue) else "event" for item in found]
    assert [len(part) for part in parts] == [item.stop - item.start for item in found]


def test_a_payload_that_is_no_text_is_replaced_in_place() -> None:
    """The issue says where in the body."""
    issue, event = decoded("aws-event-stream", GOOD + aws_message(b"a\xff", EVENT))[1:]
    assert ("a\ufffd", "invalid-utf8") == (event.data, issue.code)  # type: ignore[union-attr]
    assert b"\xff" == (GOOD + aws_message(b"a\xff", EVENT))[issue.start : issue.stop]
