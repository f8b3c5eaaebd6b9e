"""Which recording answers a request, how a request names one, and why none does."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.errors import InputError, NotFoundError
from streamlab.json_text import json_text
from streamlab.recording import Recording
from streamlab.redaction.json_path import parse_path
from streamlab.replay import Answered, Catalog, ReplayServer, running, serve
from streamlab.replay.difference import differences, shown_difference, spelled_path
from streamlab.replay.ignore import without
from streamlab.replay.key import path_and_query, request_key
from streamlab.replay.match import Match
from streamlab.replay.miss import explain
from streamlab.replay.transport import ReplayTransport
from tests.conftest import DONE, make_recording

CHAT = "/v1/chat/completions"
API = "https://api.example"


def recorded(recording_id: str, body: str = "{}", url: str = CHAT, **fields: Any) -> Recording:
    method = fields.pop("method", "POST")
    recording = make_recording(
        DONE, recording_id=recording_id, url=f"{API}{url}", body=body.encode(), method=method
    )
    return replace(recording, **fields)


ASK_HI, ASK_HO = '{"model": "m", "prompt": "hi"}', '{"model": "n", "prompt": "ho"}'
RECORDINGS = (
    recorded("hi1", ASK_HI),
    recorded("emb", '{"model": "e"}', "/v1/embeddings"),
    recorded("ho", ASK_HO, started_at="2026-01-02T00:00:00.000Z"),
    recorded("hi2", ASK_HI),
    recorded("q1", "", "/v1/files?b=2&a=1", method="GET"),
    recorded("q2", "", "/v1/files?a=2", method="GET"),
)


def picked(catalog: Catalog, *requests: tuple[str, str, str]) -> list[str | None]:
    return [
        found.id if (found := catalog.pick(catalog.key(method, target, body.encode()))) else None
        for method, target, body in requests
    ]


HI = ("POST", CHAT, '{"prompt":"hi","model":"m"}')
HO = ("POST", CHAT, ASK_HO)
NEW = ("POST", CHAT, '{"model": "m", "prompt": "new"}')
NEW_MODEL = ("POST", CHAT, '{"model": "x"}')
NO_JSON = ("POST", CHAT, "hi")
FILES = ("GET", "/v1/files?a=1&b=2", "")
NEW_QUERY = ("GET", "/v1/files?a=3", "")
NO_ROUTE = ("POST", "/v1/audio/speech", ASK_HI)
NO_METHOD = ("GET", CHAT, "")
LONGER = ("POST", f"/api{CHAT}", ASK_HI)


@pytest.mark.parametrize(
    ("match", "requests", "answers"),
    [
        ("auto", [HI, HI, HI, HO], ["hi1", "hi2", "hi1", "ho"]),
        ("auto", [NEW, NEW_MODEL, NO_JSON, NEW, HI], ["hi1", "ho", "hi2", "hi1", "hi1"]),
        ("auto", [FILES, NEW_QUERY, NEW_QUERY], ["q1", "q1", "q2"]),
        ("auto", [NO_ROUTE, NO_METHOD, LONGER], [None, None, "hi1"]),
        ("body", [HI, NEW, HI, HO, NEW_MODEL, NO_JSON], ["hi1", None, "hi2", "ho", None, None]),
        ("body", [FILES, NEW_QUERY, NO_ROUTE, LONGER], ["q1", None, None, "hi1"]),
        ("path", [HI, HI, NEW, HO, FILES, FILES], ["hi1", "ho", "hi2", "hi1", "q1", "q2"]),
        ("path", [NO_ROUTE, NO_METHOD, LONGER], [None, None, "hi1"]),
        ("model", [NEW, HI, HI, HO, NEW_MODEL], ["hi1", "hi2", "hi1", "ho", None]),
        ("model", [NO_JSON, NO_ROUTE, NEW_QUERY], [None, None, "q1"]),
        ("sequence", [NO_ROUTE, HI, HI, FILES, HO], ["hi1", "emb", "ho", "hi2", "q1"]),
        ("sequence", [HI] * 7, ["hi1", "emb", "ho", "hi2", "q1", "q2", "hi1"]),
        ("latest", [HI, NEW, HI, FILES, LONGER], ["ho", "ho", "ho", "q2", "ho"]),
        ("latest", [NO_ROUTE, NO_METHOD], [None, None]),
    ],
)
def test_which_recording_answers(
    match: Match, requests: list[tuple[str, str, str]], answers: list[str | None]
) -> None:
    """By mode: of several that match, the n-th request gets the n-th, then the first again."""
    assert answers == picked(Catalog(RECORDINGS, match=match), *requests)


def test_one_recording_answers_any_body() -> None:
    """As long as nothing else is asked for."""
    assert ["hi1", "hi1"] == picked(Catalog(RECORDINGS[:1]), NEW, NO_JSON)


def test_a_path_that_ends_alike_is_found_on_several_routes() -> None:
    """In recorded order, whichever of them they have; fewer than two segments are not enough."""
    urls = ("/a/v1/chat", "/b/v1/chat", "/a/v1/chat", "/v2/chat", "/chat")
    catalog = Catalog(
        [recorded(str(number), url=url) for number, url in enumerate(urls)], match="path"
    )
    ask = ("POST", "/v1/chat", "{}")
    assert ["0", "1", "2", "0"] == picked(catalog, ask, ask, ask, ask)
    assert ["0", None] == picked(catalog, ("POST", "/x/a/v1/chat", ""), ("POST", "/x/chat", ""))
    assert ["4", None] == picked(catalog, ("POST", "/chat/", ""), ("POST", "/", ""))


def test_a_recording_that_is_added_is_found() -> None:
    """After all others, as if it had been there."""
    catalog = Catalog(match="body")
    assert [None] == picked(catalog, HI)
    catalog.add(RECORDINGS[0])
    assert ["hi1", "hi1"] == picked(catalog, HI, HI)
    catalog.add(RECORDINGS[3])
    assert ["hi1", "hi2"] == picked(catalog, HI, HI)
    assert (["POST " + CHAT], ["m"]) == ([str(r) for r in catalog.routes()], catalog.models())


class Counting(list[Recording]):
    """Counts how often one of it was looked at."""

    looked = 0

    def __getitem__(self, index: Any) -> Any:
        self.looked += 1
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Recording]:
        for index in range(len(self)):
            yield self[index]


@pytest.mark.parametrize("match", get_args(Match))
def test_of_hundreds_only_the_one_is_looked_at(match: Match) -> None:
    """A request is looked up, not searched for."""
    many = [recorded(str(number), json.dumps({"n": number})) for number in range(500)]
    catalog = Catalog(many, match=match)
    catalog.recordings = counting = Counting(catalog.recordings)
    picked(catalog, ("POST", CHAT, '{"n": 499}'))
    assert counting.looked <= 2


def test_the_command_line_offers_all_modes() -> None:
    """It names them itself, to be quick at --help."""
    from streamlab.cli.replay import replay
    from streamlab.record_mode import RecordMode

    hints = get_type_hints(replay)
    assert get_args(Match) == get_args(get_args(hints["match"])[0])
    assert get_args(RecordMode) == get_args(get_args(hints["record_mode"])[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def respelled(value: Any, draw: st.DrawFn) -> Any:
    """The same value, the names of its objects in another order."""
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: respelled(value[name], draw) for name in names}
    return [respelled(each, draw) for each in value] if isinstance(value, list) else value


@given(st.data(), JSON)
def test_the_spelling_of_json_does_not_count(data: st.DataObject, value: Any) -> None:
    """Order of names, white space, escapes."""
    other = json.dumps(
        respelled(value, data.draw),
        indent=data.draw(st.sampled_from([None, 0, 3])),
        ensure_ascii=data.draw(st.booleans()),
        separators=data.draw(st.sampled_from([None, (",", ":"), (" , ", "\n:\t")])),
    ).encode("utf-8", "surrogatepass")
    plain = json.dumps(value).encode()
    assert request_key("POST", CHAT, plain) == request_key("POST", CHAT, other)


@given(JSON, JSON)
def test_values_do_count(one: Any, other: Any) -> None:
    """Two values have one key if nothing differs between them, and two if anything does."""
    keys = [request_key("POST", "/", json.dumps(value).encode()).content for value in (one, other)]
    assert (keys[0] == keys[1]) == ([] == list(differences(one, other)))


@given(JSON, JSON)
def test_differences_are_where_their_paths_say(one: Any, other: Any) -> None:
    """Each is a JSON path, and where they are left out nothing differs any more."""
    found = list(differences(one, other))
    paths = tuple(parse_path(spelled_path(each)) for each in found)
    if () not in paths:  # which would name the values themselves
        assert without(one, paths) == without(other, paths)


@pytest.mark.parametrize(
    ("paths", "value", "left"),
    [
        ([], {"a": 1}, {"a": 1}),
        (["$.a"], {"a": 1, "b": {"a": 2}}, {"b": {"a": 2}}),
        (["$.a.b", "$.c"], {"a": {"b": 1, "c": 2}, "c": 3}, {"a": {"c": 2}}),
        (["$[0]", "$[2]"], [1, 2, 3, 4], [2, 4]),
        (["$.m[*].id"], {"m": [{"id": 1, "x": 2}, {"id": 3}]}, {"m": [{"x": 2}, {}]}),
        (["$.m[*]"], {"m": [1, 2]}, {"m": []}),
        (["$..seed"], {"seed": 1, "a": [{"seed": 2, "b": 3}]}, {"a": [{"b": 3}]}),
        (["$.a.b", "$[1]"], {"a": 5}, {"a": 5}),
        (["$"], {"a": 1}, {"a": 1}),
    ],
)
def test_what_is_left_without_parts(paths: list[str], value: Any, left: Any) -> None:
    """Members and elements go, by their places before anything went."""
    before = json.dumps(value)
    assert left == without(value, tuple(map(parse_path, paths)))
    assert before == json.dumps(value)


def test_what_is_ignored_does_not_count() -> None:
    """Neither its value nor whether it is there; all else does."""
    catalog = Catalog(
        [recorded("a", '{"model": "m", "seed": 1, "messages": [{"id": "x", "content": "hi"}]}')],
        match="body",
        ignored=("$.seed", "$.messages[*].id"),
    )
    same = '{"model": "m", "messages": [{"id": "y", "content": "hi"}]}'
    other = same.replace("hi", "ho")
    assert ["a", None] == picked(catalog, ("POST", CHAT, same), ("POST", CHAT, other))
    with pytest.raises(InputError, match="JSON path 'seed' does not start with"):
        Catalog(ignored=["seed"])


def test_credentials_in_a_query_do_not_count() -> None:
    """Recordings have none, and tests use others."""
    kept = recorded("a", url="/v1/x?api_key=%5Bredacted%5D&n=1")
    catalog = Catalog([kept], match="body")
    requests = [("POST", f"/v1/x?n=1&api_key={key}", "{}") for key in ("k1", "k2")]
    assert ["a", "a"] == picked(catalog, *requests)
    assert [None] == picked(catalog, ("POST", "/v1/x?n=2&api_key=k1", "{}"))


@given(st.text() | st.from_regex(r"(https?:)?//?[\[\]@:?#/a%]*"), st.binary(max_size=20))
def test_no_request_and_no_recording_is_too_odd(url: str, body: bytes) -> None:
    """Cassettes are anybody's text, and so are requests: they are looked up, and miss or not."""
    odd = make_recording(url=url, body=body)
    catalog = Catalog([odd], match="body")
    assert [odd] == [catalog.pick(catalog.key("POST", url, body))]
    for asked in (url, "/other"):
        assert str(explain(catalog, "GET", asked, body))
    assert path_and_query(url)[0]


def test_json_that_is_nested_too_deeply_is_text() -> None:
    """Nothing overflows; equal bytes are equal."""
    deep = "[" * 100_000 + "]" * 100_000
    catalog = Catalog([recorded("a", deep)], match="body")
    assert ["a"] == picked(catalog, ("POST", CHAT, deep))
    miss = explain(catalog, "POST", CHAT, f"[{deep}]".encode())
    assert ("body: 200,002 bytes != 200,000 bytes",) == miss.lines


NAMED = Catalog(
    [
        recorded("0123456789ab", name="sky", started_at="2026-01-03T00:00:00.000Z"),
        recorded("0fedcba98765", name="sky"),
        recorded("abcdef012345", url="/other", name="0123456789ab"),
        recorded("abcdef999999", name="limit"),
    ]
)


@pytest.mark.parametrize(
    ("which", "answers"),
    [
        ("sky", ["0123456789ab", "0fedcba98765", "0123456789ab"]),
        ("0123456789ab", ["0123456789ab"] * 2),
        ("01", ["0123456789ab"]),
        ("limit", ["abcdef999999"]),
        ("latest", ["0123456789ab"]),
    ],
)
def test_a_recording_goes_by_its_names(which: str, answers: list[str]) -> None:
    """Id before name before the beginning of an id, as in the library."""
    catalog = Catalog(NAMED.recordings)
    assert answers == [catalog.named(which).id for _ in answers]


@pytest.mark.parametrize(
    ("which", "hint"),
    [
        ("skyy", "close to that: sky"),
        ("abcdef", "close to that: abcdef999999, abcdef012345"),
        ("", "there are: sky, 0123456789ab, limit"),
        ("x" * 10_000, "there are: sky, 0123456789ab, limit"),
    ],
)
def test_an_unknown_name_is_told_with_close_ones(which: str, hint: str) -> None:
    """One that begins several ids is none."""
    with pytest.raises(NotFoundError) as caught:
        NAMED.named(which)
    assert (f"no recording {json_text(which[:100])}", hint) == (
        caught.value.message,
        caught.value.hint,
    )


def test_a_request_names_its_recording() -> None:
    """By a header or by its model, whatever the route and the mode; else it is a 404."""
    recordings = [recorded("a", name="one"), recorded("b", name="two")]
    with (
        serve(Catalog(recordings, match="latest"), speed=0) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        client.get("/anything", headers={"X-Streamlab-Recording": "one"})
        client.post(CHAT, json={"model": "streamlab/one"})
        client.post(CHAT, json={"model": "streamlab/two"}, headers={"x-streamlab-recording": "a"})
        client.post("/model/streamlab%2Ftwo/converse-stream", json={})
        client.post(CHAT, json={"model": "one"})
        unknown = client.post(CHAT, json={"model": "streamlab/on"})
        asked = [each.recording_id for each in server.requests]
    assert ["a", "a", "a", "b", "b", ""] == asked
    assert (404, "false") == (unknown.status_code, unknown.headers["x-should-retry"])
    error = unknown.json()["error"]
    assert {"message", "type", "code", "param"} == set(error)
    assert 'no recording "on"; close to that: one' == error["message"]


def body_of(**fields: Any) -> bytes:
    messages = [{"role": "user", "content": "Hello"}]
    return json.dumps({"model": "m", "messages": messages, **fields}).encode()


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            body_of(messages=[{"role": "user", "content": "Hi"}]),
            '$.messages[0].content: "Hi" != "Hello"',
        ),
        (body_of(seed=1), "$.seed: 1 != nothing"),
        (b'{"model": "m"}', '$.messages: nothing != [{"role": "user", "content": "Hello"}]'),
        (body_of(messages=[]), '$.messages[0]: nothing != {"role": "user", "content": "Hello"}'),
        (body_of(**{"x y\u202e": None}), '$["x y\\u202e"]: null != nothing'),
        (body_of(stream=True), "$.stream: true != nothing"),
        (body_of(api_key="k1"), '$.api_key: "[redacted]" != nothing'),
        (body_of(auth={"of": "me"}), '$.auth: "[redacted]" != nothing'),
        (body_of(tool=[{"password": "p"}]), '$.tool: [{"password": "[redacted]"}] != nothing'),
        (body_of(user="sk-abcdefgh12345678"), '$.user: "[redacted]" != nothing'),
        (body_of(model="m\x1b[2J\u202e"), '$.model: "m\\u001b[2J\\u202e" != "m"'),
        (body_of(x="a" * 99), f'$.x: "{"a" * 59}… != nothing'),
        (b"[]", f"$: [] != {json.dumps(json.loads(body_of()))[:60]}…"),
        (b"no JSON", f"body: 7 bytes != {len(body_of())} bytes"),
    ],
)
def test_a_miss_says_what_differs(asked: bytes, line: str) -> None:
    """Path, both values; shortened, without credentials, and nothing that a terminal obeys."""
    catalog = Catalog([recorded("a", body_of().decode())], match="body")
    miss = explain(catalog, "POST", CHAT, asked)
    assert ("a", (line,)) == (miss.closest.id if miss.closest else None, miss.lines)


def test_the_place_of_a_difference_in_long_texts_is_shown() -> None:
    """And not their common beginning."""
    one, other = ("word " * 1000 + end + " and so on" * 20 for end in ("this", "that"))
    (found,) = differences({"x": one}, {"x": other})
    shown = shown_difference(found)
    assert "$.x: …word word this and so on" in shown
    assert "!= …word word that and so on" in shown
    assert len(shown) < 140


def test_the_closest_is_the_one_with_the_fewest_differences() -> None:
    """Five of them are shown."""
    far = recorded("far", json.dumps({str(number): number for number in range(9)}))
    near = recorded("near", json.dumps({str(number): 0 for number in range(8)}))
    catalog = Catalog([far, near], match="body")
    miss = explain(catalog, "POST", CHAT, json.dumps(dict.fromkeys(map(str, range(9)), 0)).encode())
    assert ("near", ('$["8"]: 0 != nothing',)) == (miss.closest and miss.closest.id, miss.lines)
    miss = explain(catalog, "POST", CHAT, b"{}")
    assert (6, "… and more") == (len(miss.lines), miss.lines[-1])


@pytest.mark.parametrize(
    ("match", "request_", "summary", "lines"),
    [
        ("auto", ("POST", "/v1/embedding", "{}"), "; recorded routes: GET /v1/files, POST "
         "/v1/chat/completions, POST /v1/embeddings", ['path: /v1/embedding != /v1/embeddings']),
        ("latest", ("GET", CHAT, ""), "; recorded routes: GET /v1/files, POST "
         "/v1/chat/completions, POST /v1/embeddings", ["method: GET != POST"]),
        ("model", ("POST", CHAT, '{"model": "x"}'), " with this model", ['$.model: "x" != "m"']),
        ("body", ("GET", "/v1/files?a=1&key=k", ""), " with this body",
         ['query: "a=1&key=%5Bredacted%5D" != "b=2&a=1"']),
    ],
)  # fmt: skip
def test_a_miss_says_what_its_mode_compares(
    match: Match, request_: tuple[str, str, str], summary: str, lines: list[str]
) -> None:
    """Method and path, the model, or query and body."""
    method, target, body = request_
    miss = explain(Catalog(RECORDINGS, match=match), method, target, body.encode())
    asked = target.replace("key=k", "key=%5Bredacted%5D")
    assert f"no recording answers {method} {asked}{summary}" == miss.summary
    assert tuple(lines) == miss.lines


def test_a_miss_is_a_503_that_explains_itself() -> None:
    """In the API's error shape; the OpenAI SDKs are told not to try again."""
    answered: list[Answered] = []
    catalog = Catalog(
        [recorded("a", '{"model": "m", "prompt": "Hello"}', name="sky")], match="body"
    )
    server = ReplayServer(catalog, speed=0, on_answered=answered.append)
    with running(server):
        response = httpx.post(f"{server.url}{CHAT}", json={"model": "m", "prompt": "Hi"})
        other = httpx.post(f"{server.url}/v1/other").json()["error"]["message"]
    assert (503, "false") == (response.status_code, response.headers["x-should-retry"])
    error = response.json()["error"]
    assert {"message", "type", "code", "param"} == set(error)
    assert [
        "no recording answers POST /v1/chat/completions with this body",
        "closest, asked != recorded: a sky",
        '$.prompt: "Hi" != "Hello"',
    ] == error["message"].splitlines()
    assert other.startswith("no recording answers POST /v1/other; recorded routes: POST /v1/chat")
    misses = [over.miss for over in answered if over.miss is not None]
    assert [error["message"], other] == [str(miss) for miss in misses]
    assert ["$.prompt", ""] == [miss.json_path for miss in misses]


def test_a_transport_answers_alike() -> None:
    """The same modes, names and misses, without a socket."""
    catalog = Catalog(RECORDINGS, match="body")
    with httpx.Client(transport=ReplayTransport(catalog, speed=0), base_url=API) as client:
        found = client.post(CHAT, content=ASK_HO)
        missed = client.post(CHAT, json={"model": "n", "prompt": "hu"})
        named = client.get("/x", headers={"X-Streamlab-Recording": "hi2"})
        unknown = client.post("/x", json={"model": "streamlab/hi"})
        transport = client._transport
    assert isinstance(transport, ReplayTransport)
    assert ["ho", "", "hi2", ""] == [each.recording_id for each in transport.requests]
    statuses = [each.status_code for each in (found, missed, named, unknown)]
    assert [200, 503, 200, 404] == statuses
    assert '$.prompt: "hu" != "ho"' in missed.json()["error"]["message"]


def test_a_miss_without_recordings() -> None:
    """There is nothing close."""
    assert "no recording answers GET /x; recorded routes: none" == str(
        explain(Catalog(), "GET", "/x", b"")
    )
