"""The event-stream decoder: the standard's rules, any bytes, any split."""

import base64
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab import sse

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "sse_cases.jsonl").read_text("utf-8").splitlines()
]
# A larger collection that lies beside some checkouts; the project's own cases never need it.
SHARED = Path(__file__).parents[2] / "shared" / "conformance" / "sse.jsonl"

# Bytes that matter to the parser come up often, all others sometimes.
stream_bytes = st.lists(
    st.one_of(
        st.sampled_from(
            (
                *(
                    b"\r",
                    b"\n",
                    b"\r\n",
                    b":",
                    b" ",
                    b"data",
                    b"event",
                    b"id",
                    b"retry",
                    b"data: x",
                ),
                *(
                    b"\xef\xbb\xbf",
                    b"\xef",
                    b"\xbb",
                    b"\xff",
                    b"\0",
                    b"1",
                    b"\xe2\x80\xa8",
                    b"\n\n",
                ),
            )
        ),
        st.binary(max_size=8),
    ),
    max_size=40,
).map(b"".join)


def pieces_of(body: bytes, chunking: object) -> list[bytes]:
    if chunking == "whole":
        return [body]
    if isinstance(chunking, int):
        return [body[at : at + chunking] for at in range(0, len(body), chunking)]
    assert isinstance(chunking, list)
    ends = [sum(chunking[: count + 1]) for count in range(len(chunking))]
    return [body[start:stop] for start, stop in pairwise([0, *ends])]


def decode_pieces(pieces: list[bytes], decoder: sse.Decoder) -> list[sse.Item]:
    items = [item for piece in pieces for item in decoder.feed(piece)]
    return items + decoder.close()


def as_case(items: list[sse.Item]) -> list[dict[str, object]]:
    """The events in the form of the case files; `retry` is the last valid one of the block."""
    retries = [item for item in items if isinstance(item, sse.Retry)]
    return [
        {
            "event": item.type,
            "data": item.data,
            "id": item.id,
            "retry": next(
                (r.retry_ms for r in reversed(retries) if item.start <= r.start < item.stop), None
            ),
        }
        for item in items
        if isinstance(item, sse.Event)
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, object]) -> None:
    """Each case gives its items whole, byte by byte, and cut in two at every place."""
    body = str(case["body"]).encode("latin-1")
    expected = case["items"]
    for chunks in ["whole", 1, *([cut, len(body) - cut] for cut in range(1, len(body)))]:
        items = decode_pieces(pieces_of(body, chunks), sse.Decoder())
        assert expected == [describe(item) for item in items], chunks


def describe(item: sse.Item) -> list[object]:
    """An item as the case file writes it: kind, what it says, start, stop."""
    span = [item.start, item.stop]
    match item:
        case sse.Event(type=type_, data=data, id=id_):
            return ["event", type_, data, id_, *span]
        case sse.Comment(text=text):
            return ["comment", text, *span]
        case sse.Retry(retry_ms=retry_ms):
            return ["retry", retry_ms, *span]
        case sse.Issue(code=code, detail=detail):
            return ["issue", code, detail, *span]
        case sse.Blank():
            return ["blank", *span]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared conformance cases are not beside here")
def test_shared_conformance() -> None:
    """Every case of the shared collection, in every chunking it lists."""
    for line in SHARED.read_text("utf-8").split("\n"):
        if not line:
            continue
        case = json.loads(line)
        body = base64.b64decode(case["input_b64"])
        for chunking in case["chunkings"]:
            decoder = sse.Decoder()
            items = decode_pieces(pieces_of(body, chunking), decoder)
            where = (case["id"], case["name"], chunking)
            assert case["expected"] == as_case(items), where
            assert case["final_retry"] == decoder.retry_ms, where
            assert case["final_last_event_id"] == decoder.last_event_id, where
            comments = [item.text for item in items if isinstance(item, sse.Comment)]
            assert case["comments"] == comments, where


@given(stream_bytes, st.lists(st.integers(0, 400), max_size=12))
def test_any_bytes_in_any_split(body: bytes, cuts: list[int]) -> None:
    """Any bytes in any split give the same items, and their spans cover every byte."""
    ends = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:stop] for start, stop in pairwise(ends)]
    whole = sse.decode(body)
    assert whole == decode_pieces(pieces, sse.Decoder())
    covered = {offset for item in whole for offset in range(item.start, item.stop)}
    assert covered == set(range(len(body)))


@given(stream_bytes, st.integers(1, 12), st.integers(0, 30))
def test_limit_is_the_same_in_any_split(body: bytes, step: int, limit: int) -> None:
    """What is too long does not depend on the pieces either, and no byte goes unaccounted."""
    whole = decode_pieces([body], sse.Decoder(max_block_bytes=limit))
    assert whole == decode_pieces(pieces_of(body, step), sse.Decoder(max_block_bytes=limit))
    covered = {offset for item in whole for offset in range(item.start, item.stop)}
    assert covered == set(range(len(body)))


def test_memory_is_bounded() -> None:
    """A line without end keeps no more than the limit, and the next block is read again."""
    decoder = sse.Decoder(max_block_bytes=1000)
    decoder.feed(b"data: ")
    for _ in range(10_000):
        assert decoder.feed(b"x" * 100) == []
        assert len(decoder._line) <= 1000
    items = decoder.feed(b"\n\ndata: next\n\n")
    assert ["block-too-long", "next"] == [
        item.code if isinstance(item, sse.Issue) else item.data
        for item in items
        if isinstance(item, sse.Issue | sse.Event)
    ]


one_line = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=12)


@given(
    one_line.filter(bool), st.text(st.characters(codec="utf-8", exclude_characters="\r")), one_line
)
def test_encode_round_trip(event_type: str, data: str, event_id: str) -> None:
    """An encoded event is read back as it was."""
    event = sse.Event(event_type, data, event_id, 0, 0)
    body = sse.encode(event)
    assert [sse.Event(event_type, data, event_id, 0, len(body))] == sse.decode(body)


def test_encode_refuses_what_the_format_cannot_carry() -> None:
    """A line end in the type would become another field."""
    with pytest.raises(ValueError, match="cannot carry"):
        sse.encode(sse.Event("a\nb", "", None, 0, 0))
