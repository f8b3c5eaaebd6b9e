"""Rules of redaction: what they name goes, all else stays, however it is spelled or cut."""

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.errors import InputError
from streamlab.recording import BODIES_REDACTED, Recording, redact_recording
from streamlab.redaction import BodyRedactor, Redaction, redact_body
from streamlab.redaction.json_path import Path, Segment, parse_path
from streamlab.redaction.json_walk import walk
from streamlab.sse import Comment, Event, Issue, Item, decode
from tests.conftest import DONE, chat_event, make_recording

SECRET = "sk-SECRET"
EVENTS = "text/event-stream"
RULES = Redaction(json_paths=("$..secret", "$.choices[*].delta.content"), regexes=(r"sk-\w+",))


def redact(body: bytes, rules: Redaction = RULES, *, content_type: str = EVENTS) -> bytes:
    """A whole body in one read."""
    return b"".join(redact_pieces([body], rules, content_type=content_type))


def redact_pieces(
    pieces: Iterable[bytes], rules: Redaction = RULES, *, content_type: str = EVENTS
) -> list[bytes]:
    """A body in these reads; what is left of each."""
    redactor = BodyRedactor(rules, content_type=content_type)
    return [left for piece in pieces for left in redactor.feed(piece)] + redactor.close()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", ()),
        ("$.a.b_1", (Segment("a", False), Segment("b_1", False))),
        ("$['a b'][\"c'\"]", (Segment("a b", False), Segment("c'", False))),
        (r"""$['it\'s "x" \u00e9']""", (Segment('it\'s "x" é', False),)),
        ("$[0][*].*", (Segment(0, False), Segment(None, False), Segment(None, False))),
        ("$..name..[ 12 ]..*", (Segment("name", True), Segment(12, True), Segment(None, True))),
        ("$.ключ..名", (Segment("ключ", False), Segment("名", True))),
    ],
)
def test_paths(text: str, path: Path) -> None:
    """Names, indexes and wildcards, each from anywhere inside with two dots (RFC 9535, 2.5)."""
    assert path == parse_path(text)


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "$a", "$.", "$..", "$.a-b", "$[", "$[-1]", "$[01]", "$[1:2]", "$[?@.a]",
     "$['a','b']", "$['a]", "$.a b", r"$['\x']", "$[0"],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    """Says where; the hint has what there is."""
    with pytest.raises(InputError, match=re.escape(repr(text)[:-1])) as caught:
        Redaction(json_paths=(text,))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"headers": ("X-A: b",)}, "'X-A: b' is no name"),
        ({"headers": ("",)}, "'' is no name"),
        ({"regexes": ("(",)}, "at position 0"),
        ({"headers": "X-A"}, "is one string"),
    ],
)
def test_bad_rules(rules: dict[str, Any], words: str) -> None:
    """Are said when they are given, not when a stream comes."""
    with pytest.raises(InputError, match=words) as caught:
        Redaction(**rules)
    assert caught.value.hint


def test_headers_of_any_case() -> None:
    """The named ones and those of credentials; others stay."""
    rules = Redaction(headers=("x-team",))
    headers = (("X-TEAM", "a"), ("Authorization", "Bearer k"), ("X-B", "b"), ("X-Team", "c"))
    expected = ("[redacted]", "Bearer [redacted]", "b", "[redacted]")
    assert expected == tuple(value for _, value in rules.redact_headers(headers))
    assert not rules.has_body_rules


NAMES = st.sampled_from(["a", "b", "secret", "é", 'q"u', "back\\slash", "/", "\n", ""])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
PATHS = st.lists(
    st.builds(Segment, st.one_of(NAMES, st.integers(0, 3), st.none()), st.booleans()), max_size=4
).map(tuple)


def spell(path: Path) -> str:
    """The path as text."""
    keys = ["*" if segment.key is None else json.dumps(segment.key) for segment in path]
    dots = [".." if segment.is_deep else "" for segment in path]
    return "$" + "".join(f"{deep}[{key}]" for deep, key in zip(dots, keys, strict=True))


def replaced(value: Any, path: Path) -> Any:
    """What the rule means, on values: the reference."""
    return "[redacted]" if not path else _inside(value, [path])


def _inside(value: Any, paths: list[Path]) -> Any:
    def at(key: str | int, child: Any) -> Any:
        left = [path[1:] for path in paths if path[0].key is None or _same(path[0].key, key)]
        left += [path for path in paths if path[0].is_deep]
        return "[redacted]" if () in left else _inside(child, left)

    if isinstance(value, dict):
        return {key: at(key, child) for key, child in value.items()}
    if isinstance(value, list):
        return [at(index, child) for index, child in enumerate(value)]
    return value


def _same(one: str | int, other: str | int) -> bool:
    return type(one) is type(other) and one == other


@given(DOCUMENTS, PATHS, st.booleans(), st.sampled_from([None, 1]))
def test_any_document_and_path(value: Any, path: Path, ascii_only: bool, indent: int) -> None:
    """Still JSON; what was named is gone, and all else is equal."""
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    rules = Redaction(json_paths=(spell(path),))
    left = redact(body, rules, content_type="application/json")
    assert replaced(value, path) == json.loads(left)
    if json.loads(left) == value:
        assert body == left


@given(DOCUMENTS, st.sampled_from(["a", "[0-9]+", "é", ".", '"', r"\\", "^.", r"\w+", "e|r"]))
def test_any_document_and_regex(value: Any, regex: str) -> None:
    """Still JSON: in each string what matches is replaced, numbers and marks are left alone."""

    def expected(part: Any) -> Any:
        if isinstance(part, str):
            return re.sub(regex, lambda match: "[redacted]" if match[0] else "", part)
        if isinstance(part, dict):
            return [[expected(key), expected(child)] for key, child in part.items()]
        return [expected(child) for child in part] if isinstance(part, list) else part

    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        left = redact(body, Redaction(regexes=(regex,)), content_type="application/json")
        pairs = json.loads(left.decode("utf-8", "surrogatepass"), object_pairs_hook=list_pairs)
        assert expected(value) == pairs


def list_pairs(pairs: list[tuple[str, Any]]) -> list[list[Any]]:
    """Members as a list, since two names may become the same."""
    return [list(pair) for pair in pairs]


PIECES = st.sampled_from(
    [
        b'{"secret": "sk-SECRET", "t": "a sk-SECRET b"}', b'{"secret": {"a": [1, "x"]}, "b": 1}',
        b'"secret"', b": ", b'"sk-SECRET', b"data: ", b"data:", b"event: sk-SECRET", b":sk-S",
        b"\n", b"\r\n", b"\r", b"\n\n", b"[DONE]", "é€😀".encode(), b"\xff\xef\xbb\xbf", b" ",
        b"{", b"}", b"[", b"]", b",", b"sk-", b"SECRET", b"\\u0073k-X", b"secret", b"\\",
        b"id: 1", b"retry: 5", b"\x00",
    ]
)  # fmt: skip
BODIES = st.lists(PIECES, max_size=25).map(b"".join)
TYPES = st.sampled_from([EVENTS, "application/json", "application/x-ndjson", "text/plain", ""])


@given(BODIES, TYPES, st.data())
def test_any_split_gives_the_same_bytes(
    body: bytes, content_type: str, data: st.DataObject
) -> None:
    """Whatever a read ends in; and each read comes out once."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    edges = [0, *cuts, len(body)]
    pieces = [body[start:stop] for start, stop in pairwise(edges)]
    left = redact_pieces(pieces, content_type=content_type)
    assert len(pieces) == len(left)
    whole = redact(body, content_type=content_type)
    assert whole == b"".join(left)
    assert whole == redact(whole, content_type=content_type)


@given(BODIES, TYPES)
def test_what_names_nothing_changes_nothing(body: bytes, content_type: str) -> None:
    """Read for read, for rules that find nothing in it."""
    rules = Redaction(json_paths=("$.nowhere.to.be.found",), regexes=("never there",))
    pieces = [body[at : at + 3] for at in range(0, len(body), 3)]
    if b"\\u" not in body:
        assert pieces == redact_pieces(pieces, rules, content_type=content_type)


@given(DOCUMENTS, st.integers(0, 200))
def test_a_cut_document_keeps_no_part_of_what_is_named(value: Any, cut: int) -> None:
    """Wherever the stream ends: the value is gone, as far as it had come."""
    body = json.dumps({"before": value, "secret": [SECRET, {"b": SECRET}], "c": 1}).encode()
    start = body.index(b'"secret": [') + len(b'"secret": ')
    stop = start + cut % (len(body) - start) + 1
    event = b"data: " + body[:stop]
    for left in (redact(body[:stop], content_type="application/json"), redact(event)):
        assert b"sk" not in left
        assert left.endswith((b'"secret": "[redacted]"', b', "c": 1', b', "c": 1}')) or stop > start


def items(body: bytes) -> list[str]:
    """What a reader of an event stream sees."""

    def said(item: Item) -> str:
        match item:
            case Event():
                return f"{item.type} {item.id} {item.data}"
            case Comment():
                return f": {item.text}"
            case Issue():
                return f"{item.code} {item.detail}"
        return ""

    return [text for text in map(said, decode(body)) if text]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'data: {"secret": 1, "b": 1.50}\n\n', b'data: {"secret": "[redacted]", "b": 1.50}\n\n'),
        (b'data:{"a":"x sk-1 y"}\r\n\r\n', b'data:{"a":"x [redacted] y"}\r\n\r\n'),
        (b'data: {"a":"\\u0073k-1\\n\\u00e9"}\n\n', b'data: {"a":"[redacted]\\n\\u00e9"}\n\n'),
        (b'data: {"sk-1": 2}\n\n', b'data: {"[redacted]": 2}\n\n'),
        (b"data: say sk-1\ndata: and sk-2\n\n", b"data: say [redacted]\ndata: and [redacted]\n\n"),
        (
            b'data: {"secret":\nid: 7\ndata: {"x":\ndata: 1}, "b": 2}\n\n',
            b'data: {"secret":\nid: 7\ndata: "[redacted]"\ndata: , "b": 2}\n\n',
        ),
        (b'data: {"secret":\r\ndata: [1]}\r\n\r\n',
         b'data: {"secret":\r\ndata: "[redacted]"}\r\n\r\n'),
        (b'data: {"\\u0073ecret": 1}\n\n', b'data: {"\\u0073ecret": "[redacted]"}\n\n'),
        (b"event: sk-1\nid: sk-2\n: sk-3\ndata: x\n\n",
         b"event: [redacted]\nid: [redacted]\n: [redacted]\ndata: x\n\n"),
        (b"data: [DONE]\n\n", b"data: [DONE]\n\n"),
        (b'data: {"secret" "sk-1", "b": 2}\n\n', b'data: {"secret" [redacted]\n\n'),
        (b'data: {"b" "sk-1"}\n\n', b'data: {"b" "[redacted]"}\n\n'),
        (b'data: data: {"secret": "x"}\n\n', b'data: data: {"secret": "[redacted]"}\n\n'),
        (b'Data: {"secret": "x"}\ndata: y\n\n', b'Data: {"secret": "[redacted]"}\ndata: y\n\n'),
        (b'{\n"secret": {\n"a": 1\n}\n}\n\n', b'{\n"secret": "[redacted]"\n \n \n}\n\n'),
        (b"data: the secret (no JSON) sk-1\n\n", b"data: the secret (no JSON) [redacted]\n\n"),
        (b'data: {"secret": "x', b'data: {"secret": "[redacted]"'),
    ],
)  # fmt: skip
def test_events(body: bytes, expected: bytes) -> None:
    """In the data of an event, on one line or several; in other fields; in lines that are none."""
    assert expected == redact(body)
    assert len(items(body)) == len(items(expected))


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"secret":\n"x"}', b'{"secret":\n"[redacted]"}'),
        ("", b'\xef\xbb\xbf{"secret":\n"x"}', b'\xef\xbb\xbf{"secret":\n"[redacted]"}'),
        ("application/json", b'data: {"secret": 1}\n\n', b'data: {"secret": "[redacted]"}\n\n'),
        ("application/x-ndjson", b'{"secret":1}\n{"b":"sk-1"}\n{"secret', None),
        ("text/html", b"<p>sk-1</p>\n<p>a</p>", b"<p>[redacted]</p>\n<p>a</p>"),
        ("text/html", b'log: {"secret": 1}\n', b'log: {"secret": "[redacted]"}\n'),
        ("text/html", b'{"secret": "sk-1', b'{"secret": "[redacted]"'),
        ("text/html", b'says:\n "secret": "x",\n', b'says:\n "secret"[redacted]\n'),
        ("", b"\n" * 70_000 + b'{"secret": 1}\n', b"\n" * 70_000 + b'{"secret": "[redacted]"}\n'),
        ("", b"[info] sk-1\n", b"[info] [redacted]\n"),
        ("", b"12345 sk-1 6", b"12345 [redacted] 6"),
    ],
)
def test_other_bodies(content_type: str, body: bytes, expected: bytes | None) -> None:
    """JSON documents, JSON lines, text: what the media type says, or what they start with."""
    expected = expected or b'{"secret":"[redacted]"}\n{"b":"[redacted]"}\n{"secret'
    assert expected == redact(body, content_type=content_type)


def test_a_number_that_is_text() -> None:
    """In JSON a number stays (a path can name it); alone it is text like any other."""
    rules = Redaction(regexes=(r"\d{16}",))
    body = b'data: {"n": 4111111111111111}\n\ndata: 4111111111111111\n\n'
    expected = b'data: {"n": 4111111111111111}\n\ndata: [redacted]\n\n'
    assert expected == redact(body, rules)


def test_rules_do_not_hide_text_from_each_other() -> None:
    """What a regex matches across a quote goes, though a path looks for JSON behind that quote."""
    rules = Redaction(json_paths=("$..user",), regexes=(r'key="[^"]+"',))
    assert b"user [redacted] [redacted]\n" == redact(b'user key="abc" x\n', rules, content_type="")


@pytest.mark.parametrize("body", [b'data: {"a": "two words"}\n\n', b"data: two words\n\n"])
def test_a_rule_that_matches_its_own_mark(body: bytes) -> None:
    """Leaves it: twice is once."""
    rules = Redaction(regexes=(r"\w+", "o w"))
    once = redact(body, rules)
    assert b"[redacted]" in once
    assert once == redact(once, rules)


def test_reads_stay_where_they_were() -> None:
    """What stays stays in its read, what replaces is where it began; a read may be left empty."""
    reads = [b'data: {"sec', b'ret": "s', b"k-SEC", b'RET", "b": 2}\n', b"\ndata: x\n\n"]
    expected = [b'data: {"sec', b'ret": "[redacted]"', b"", b', "b": 2}\n', b"\ndata: x\n\n"]
    assert expected == redact_pieces(reads)


def test_reads_come_out_as_soon_as_their_units_are_whole() -> None:
    """A block, a line; a document waits for its end."""
    for content_type, first, second in [
        (EVENTS, b"data: {}\n", b"\ndata"),
        ("text/plain", b"some words ", b"sk-1\n"),
        ("application/x-ndjson", b'{"a":', b"1}\n"),
    ]:
        redactor = BodyRedactor(RULES, content_type=content_type)
        assert [] == redactor.feed(first)
        came = redactor.feed(second)
        assert came[0] == first, content_type
    redactor = BodyRedactor(RULES, content_type="application/json")
    assert [] == redactor.feed(b'{\n"a": 1}\n') + redactor.feed(b"\n")
    assert [b'{\n"a": 1}\n', b"\n"] == redactor.close()


@pytest.mark.parametrize("coding", ["gzip", "identity, br"])
def test_what_cannot_be_changed_in_place_is_withheld(coding: str) -> None:
    """Each read of it becomes the mark, so that one still sees when it came."""
    for options in ({"coding": coding}, {"content_type": "application/vnd.amazon.eventstream"}):
        redactor = BodyRedactor(RULES, **options)
        left = redactor.feed(b"\x1f\x8bone") + redactor.feed(b"two") + redactor.close()
        assert ([b"[redacted]"] * 2, 2) == (left, redactor.replaced)
    assert (b"[redacted]", 1) == redact_body(RULES, b"x", content_type="", coding=coding)
    assert (b"", 0) == redact_body(RULES, b"", content_type="", coding=coding)


def test_nothing_is_too_deep_or_too_strange() -> None:
    """No input raises, none takes for ever."""
    deep = b'{"secret":' * 20_000
    assert b'{"secret":"[redacted]"' == redact(deep, content_type="application/json")
    assert not walk(b"[" * 50_000, ()).is_whole
    broken = b"data: " + b'"\\ud800{' * 5_000 + b"\n\n"
    assert redact(broken)


@given(st.binary(max_size=60))
def test_any_bytes_can_be_walked(data: bytes) -> None:
    """Whatever is JSON to Python's own reader is whole, and what is whole is JSON."""
    walked = walk(data, ((Segment("a", True),),))
    assert 0 <= walked.stop <= len(data)
    try:
        json.loads(data.decode("latin-1"), strict=False)
    except ValueError:
        return
    assert walked.is_whole


def test_a_stored_recording_can_be_redacted() -> None:
    """As if recorded with the rules: counted, tagged, at its times; and twice is once."""
    recording = make_recording(
        chat_event("one sk-1"),
        DONE,
        headers=(("Content-Type", EVENTS), ("X-Team", "t"), ("Set-Cookie", "[redacted]")),
        body=b'{"messages": [{"content": "sk-2"}], "secret": 5}',
    )
    rules = Redaction(headers=("x-team",), json_paths=("$.secret",), regexes=(r"sk-\d",))
    redacted, count = redact_recording(recording, rules)
    assert 4 == count  # two matches, a value, a header
    assert b'{"messages": [{"content": "[redacted]"}], "secret": "[redacted]"}' == (
        redacted.request.body
    )
    assert (chat_event("one [redacted]") + DONE, (BODIES_REDACTED,)) == (
        redacted.body,
        redacted.tags,
    )
    assert times(recording) == times(redacted)
    assert (redacted, 0) == redact_recording(redacted, rules)
    assert (recording, 0) == redact_recording(recording, Redaction(headers=("x-other",)))


def times(recording: Recording) -> list[int]:
    return [read.at_ns for read in recording.reads]
