"""Content codings undone: the same events, dated by their reads, and every defect a value."""

import gzip
import re
import sys
import zlib
from collections.abc import Iterable
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streamlab.analysis import LiveStream, analyze
from streamlab.content_coding import ContentDecoder, Defect, content_codings
from streamlab.finding import Finding, find
from streamlab.recording import Header, Recording
from streamlab.sse import Event
from streamlab.timeline import arrivals
from tests.conftest import DONE, chat_event, make_recording
from tests.encoders import ENCODERS, encoded

STREAM = [chat_event("a"), b": ping\n\n", chat_event("b"), DONE]
PLAIN = b"".join(STREAM)

codings = pytest.mark.parametrize("coding", ENCODERS)
any_coding = st.sampled_from(sorted(ENCODERS))
names = {"bare deflate": "deflate"}


def head(coding: str) -> tuple[Header, ...]:
    said = names.get(coding, coding)
    return (("Content-Type", "text/event-stream"), ("Content-Encoding", said))


def recorded(coding: str, *pieces: bytes, reason: str = "complete") -> Recording:
    return make_recording(*pieces, headers=head(coding), reason=reason, gap_ns=100)


def broken(recording: Recording) -> list[Finding]:
    """What is found of its content coding being broken."""
    return [finding for finding in find(recording) if finding.code == "SL108"]


def decode(
    coding: str, pieces: Iterable[bytes], max_bytes: int = 1 << 20
) -> tuple[bytes, Defect | None]:
    decoder = ContentDecoder(head(coding), max_bytes=max_bytes)
    body = b"".join(out for piece in pieces for out in decoder.feed(piece))
    decoder.close()
    return body, decoder.defect


def cut(body: bytes, at: Iterable[int]) -> list[bytes]:
    """`body` in pieces that end at these places."""
    stops = sorted({0, len(body), *(place % (len(body) + 1) for place in at)})
    return [body[start:stop] for start, stop in pairwise(stops)]


cuts = st.lists(st.integers(0, 5000), max_size=6)
streams = st.lists(
    st.one_of(
        st.sampled_from([*STREAM, b"data: \xff\n\n", b"\r", b"id: 1\n"]), st.binary(max_size=50)
    ),
    max_size=8,
)


@given(any_coding, streams, cuts, st.booleans())
def test_any_stream_in_any_coding_has_the_events_it_has_without(
    coding: str, stream: list[bytes], at: list[int], flushed: bool
) -> None:
    """However it is flushed, and however it is cut into reads."""
    plain = b"".join(stream)
    wanted = arrivals(make_recording(*([plain] if plain else [])))
    body = b"".join(encoded(coding, stream, flushed=flushed))
    found = arrivals(recorded(coding, *cut(body, at)))
    assert [each.item for each in wanted] == [each.item for each in found]


@codings
def test_a_flushed_event_has_the_time_of_its_read(coding: str) -> None:
    """Each read's events are there as soon as it is; the end of the coding brings none."""
    found = arrivals(recorded(coding, *encoded(coding, STREAM)))
    assert [(100, 0), (300, 2), (400, 3)] == [
        (each.at_ns, each.read_index) for each in found if isinstance(each.item, Event)
    ]
    live = LiveStream("http://a", recorded(coding).response)
    counts = [len(live.feed(read)) for read in recorded(coding, *encoded(coding, STREAM)).reads]
    assert [1, 0, 1, 1, 0] == counts
    assert "event-stream" == live.framing


@codings
def test_a_server_that_does_not_flush_shows_a_burst(coding: str) -> None:
    """All events come with the read that lets them out: that is what a client saw, too."""
    reads = [piece for piece in encoded(coding, STREAM, flushed=False) if piece]
    found = arrivals(recorded(coding, *reads))
    assert {len(reads) - 1} == {a.read_index for a in found if isinstance(a.item, Event)}
    analysis = analyze(recorded(coding, *reads))
    assert ("ab", 2) == (analysis.text, analysis.coalesced_events)
    assert [] == broken(recorded(coding, *reads))


@codings
def test_an_event_over_two_reads_has_both_times(coding: str) -> None:
    """First byte and completion, by the reads that held their encoded forms."""
    found = arrivals(recorded(coding, *encoded(coding, [b"data: a", b"b\n", b"\n"])))
    assert [(100, 300)] == [(each.first_at_ns, each.at_ns) for each in found]


@given(any_coding, st.binary(max_size=200), cuts)
def test_any_bytes_are_no_exception(coding: str, body: bytes, at: list[int]) -> None:
    """Nor does it matter how they are cut."""
    assert decode(coding, [body]) == decode(coding, cut(body, at))
    analyze(recorded(coding, *cut(body, at)))


@given(any_coding, st.integers(0, 5000), st.integers(1, 255), cuts)
def test_a_broken_byte_keeps_what_was_before_it(
    coding: str, place: int, flip: int, at: list[int]
) -> None:
    """One bit or several of a real stream: same output in one read or many, nothing raised, and the
    pieces that were flushed before it are there."""
    pieces = encoded(coding, STREAM)
    body = bytearray(b"".join(pieces))
    place %= len(body)
    body[place] ^= flip
    whole = decode(coding, [bytes(body)])
    assert whole == decode(coding, cut(bytes(body), at))
    assert whole == decode(coding, (bytes([byte]) for byte in body))
    kept = b""
    for stop, piece in zip([len(b"".join(pieces[: n + 1])) for n in range(4)], STREAM, strict=True):
        kept += piece if stop <= place else b""
    assert whole[0].startswith(kept)


@given(any_coding, st.integers(0, 5000))
def test_a_body_without_its_end_is_truncated(coding: str, place: int) -> None:
    """Wherever it is cut, unless HTTP has said so already; an empty body has no end to lack."""
    body = b"".join(encoded(coding, STREAM))
    body = body[: place % len(body)]
    pieces = [body] if body else []
    assert len(pieces) == len(broken(recorded(coding, *pieces)))
    assert [] == broken(recorded(coding, *pieces, reason="truncated"))


def test_the_findings_say_where_and_why() -> None:
    """Offsets in the decoded body, and in the cause that of the encoded one."""
    body = gzip.compress(PLAIN, mtime=0)
    (finding,) = broken(recorded("gzip", body[:-8]))
    assert ("error", len(PLAIN), 100) == (finding.severity, finding.start, finding.at_ns)
    assert f"the body ends inside its gzip data, after {len(body) - 8} bytes" == finding.message
    (finding,) = broken(recorded("gzip", body[:-8], b"\0" * 8))
    assert ("error", len(PLAIN), 200) == (finding.severity, finding.stop, finding.at_ns)
    where = f"the gzip data is broken at its byte {len(body) - 5}: incorrect data check"
    assert where == finding.message
    assert 4 * " 00" == finding.text[-12:]
    (finding,) = broken(recorded("gzip", PLAIN))
    assert "the gzip data is broken at its byte 1: incorrect header check" == finding.message
    assert ("64 61", 0) == (finding.text, finding.start)


@codings
def test_bytes_behind_the_end_are_corrupt(coding: str) -> None:
    """No member starts with them."""
    body = b"".join(encoded(coding, STREAM))
    plain, defect = decode(coding, [body + b"!!!!"])
    assert defect is not None
    assert (PLAIN, "encoding-corrupt") == (plain, defect.code)
    (offset,) = re.findall(r"broken at its byte (\d+)", defect.cause)
    assert 0 <= int(offset) - len(body) < 4  # a head is known to be none when it is there


def test_members_stand_in_a_row() -> None:
    """gzip's (RFC 1952, 2.2), with all that a head may hold, and zstd's frames."""
    crc = zlib.crc32(b"\x1f\x8b\x08\x1e\0\0\0\0\0\3\2\0abname\0comment\0") & 0xFFFF
    flags = b"\x1f\x8b\x08\x1e\0\0\0\0\0\3\2\0abname\0comment\0" + crc.to_bytes(2, "little")
    second = flags + gzip.compress(b"two", mtime=0)[10:]
    assert (b"onetwo", None) == decode("gzip", [gzip.compress(b"one") + second])
    frame = zstandard.ZstdCompressor().compress
    skipped = b"\x50\x2a\x4d\x18\x03\0\0\0xyz"
    assert (b"onetwo", None) == decode("zstd", [frame(b"one") + skipped + frame(b"two")])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], []),
        (["identity"], []),
        (["GZip , BR"], ["gzip", "br"]),
        (["gzip", " ,deflate,"], ["gzip", "deflate"]),
        (["gzip, identity"], ["gzip"]),
    ],
)
def test_what_the_header_names(headers: list[str], expected: list[str]) -> None:
    """Any case, lists, several headers (RFC 9110, 5.3), empty elements."""
    pairs = tuple(("content-ENCODING", value) for value in headers)
    assert expected == content_codings(pairs)


def test_several_codings_are_undone_in_reverse() -> None:
    """The last was applied last (RFC 9110, 8.4)."""
    body = brotli.compress(zlib.compress(gzip.compress(PLAIN)))
    recording = recorded("GZIP, deflate, br", body)
    assert "ab" == analyze(recording).text
    assert [] == broken(recording)
    (finding,) = broken(recorded("gzip, br", brotli.compress(gzip.compress(PLAIN)[:-8])))
    assert len(PLAIN) == finding.start
    assert "ends inside its gzip data" in finding.message


@pytest.mark.parametrize(
    ("coding", "words"),
    [("compress", "no coding of this name"), (", ".join(["gzip"] * 6), "more than 5 codings")],
)
def test_codings_that_are_not_undone(coding: str, words: str) -> None:
    """A finding, once; the reads are as they came."""
    recording = recorded(coding, b"\x1f\x9d", b"\x90")
    analysis = analyze(recording)
    (finding,) = broken(recording)
    assert ("warning", 100, coding) == (finding.severity, finding.at_ns, finding.text)
    assert words in finding.message
    assert (0, 2, 3) == (analysis.events, analysis.reads, analysis.bytes)
    assert [] == broken(recorded(coding))


@pytest.mark.parametrize(
    ("coding", "hidden"),
    [("br", ["brotli", "brotlicffi"]), ("zstd", ["compression.zstd", "zstandard"])],
)
def test_a_missing_package_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, coding: str, hidden: list[str]
) -> None:
    """With what to install; gzip needs none."""
    for name in hidden:
        monkeypatch.setitem(sys.modules, name, None)
    (finding,) = broken(recorded(coding, *encoded(coding, STREAM)))
    assert "warning" == finding.severity
    assert f"to decode {coding}: pip install 'streamlab-toolkit[encodings]'" in finding.message
    assert [] == broken(recorded("gzip", *encoded("gzip", STREAM)))


def test_an_old_brotli_is_like_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be made to give gigabytes at once."""
    monkeypatch.setattr(brotli, "Decompressor", object)
    (finding,) = broken(recorded("br", *encoded("br", STREAM)))
    assert "to decode br: pip install" in finding.message


@codings
def test_a_bomb_is_not_decoded_to_its_end(coding: str) -> None:
    """Nor does a piece of what comes out come near to it."""
    body = b"".join(encoded(coding, [bytes(1 << 20)] * 16, flushed=False))
    assert len(body) < 1 << 15
    decoder = ContentDecoder(head(coding), max_bytes=1 << 22)
    sizes = [len(piece) for piece in decoder.feed(body)]
    assert 1 << 22 == sum(sizes)
    assert decoder.defect is not None
    assert ("encoding-too-large", 1 << 22) == (decoder.defect.code, decoder.defect.start)
    assert [] == list(decoder.feed(body))
    assert (bytes(1 << 20), None) == decode(coding, encoded(coding, [bytes(1 << 20)]))


def test_a_zstd_window_beyond_the_rules_is_refused() -> None:
    """8 MiB is what decoders must have (RFC 9659); a few bytes can ask for any."""

    def compressed(window_log: int) -> bytes:
        parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
        compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        return compressor.compress(b"a") + compressor.flush()

    assert (b"a", None) == decode("zstd", [compressed(23)])
    _, defect = decode("zstd", [compressed(24)])
    assert defect is not None
    assert "encoding-corrupt" == defect.code


def test_a_body_that_is_labelled_otherwise_is_told_by_its_decoded_start() -> None:
    """The first decoded bytes decide, however late they come; JSON is no event stream."""
    plain_text = (("Content-Type", "text/plain"), ("Content-Encoding", "gzip"))
    body = gzip.compress(PLAIN)
    recording = make_recording(body[:10], body[10:], headers=plain_text)
    assert "ab" == analyze(recording).text
    live = LiveStream("http://a", recording.response)
    assert [0, 3] == [len(live.feed(read)) for read in recording.reads]
    assert "event-stream" == live.framing
    json = make_recording(gzip.compress(b'{"data": 1}'), headers=plain_text)
    assert () == arrivals(json)


def test_an_encoded_error_body_is_read() -> None:
    """Its message, not its bytes; what cannot be decoded has none."""
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    body = gzip.compress(b'{"error": {"message": "no such model"}}')
    assert ("no such model",) == analyze(make_recording(body, status=404, headers=headers)).errors
    assert ("HTTP 404",) == analyze(make_recording(b"??", status=404, headers=headers)).errors
