"""every_slicing: a client that takes reads for lines or characters is found out, and how."""

import json
from itertools import pairwise
from typing import Any

import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.errors import InputError
from streamlab.testing import every_slicing
from streamlab.testing.cuts import every_cuts, fewest, inside_characters, inside_line_ends
from streamlab.testing.slicing import sliced
from tests.conftest import DONE, chat_event, make_recording

URL = "https://api.example/v1/chat/completions"
RECORDING = make_recording(chat_event("Grüß"), chat_event(" 世界"), DONE)
SHORT = make_recording("data: ü\r\n\r\n".encode())


def lines(transport: Any) -> str:
    """A client that does it well."""
    with httpx.Client(transport=transport) as client, client.stream("POST", URL) as answer:
        data = [line[6:] for line in answer.iter_lines() if line.startswith("data: {")]
    return "".join(json.loads(each)["choices"][0]["delta"]["content"] for each in data)


def naive(transport: Any) -> str:
    """Each read is decoded, cut into lines and parsed for itself; what fails is dropped."""
    text = ""
    with httpx.Client(transport=transport) as client, client.stream("POST", URL) as answer:
        for read in answer.iter_raw():
            for line in read.decode("utf-8", "ignore").split("\n"):
                try:
                    chunk = json.loads(line.removeprefix("data: "))
                    text += chunk["choices"][0]["delta"]["content"]
                except ValueError:
                    pass
    return text


def strict(transport: Any) -> str:
    """Each read is decoded for itself."""
    with httpx.Client(transport=transport) as client, client.stream("POST", URL) as answer:
        return "".join(read.decode() for read in answer.iter_raw())


def by_crlf(transport: Any) -> int:
    """Counts the line ends it sees."""
    with httpx.Client(transport=transport) as client, client.stream("POST", URL) as answer:
        return sum(read.count(b"\r\n") for read in answer.iter_raw())


def test_a_good_client_passes_all() -> None:
    """As many as were asked for."""
    assert 60 == every_slicing(RECORDING, lines, limit=60)


def test_every_place_of_a_short_body_is_tried() -> None:
    """A limit above what there is: each place once among them."""
    cuts = list(every_cuts(SHORT.body, seed=0, limit=10_000))
    assert {(place,) for place in range(1, len(SHORT.body))} <= set(cuts)
    assert tuple(range(1, len(SHORT.body))) == cuts[0]


def test_a_naive_client_fails_with_one_cut() -> None:
    """Which is shown with the bytes around it and what came of it."""
    with pytest.raises(AssertionError, match="cut once, it returns ") as caught:
        every_slicing(RECORDING, naive)
    assert "instead of 'Grüß 世界'" in str(caught.value)
    assert f" of {len(RECORDING.body)}: b'" in str(caught.value)
    assert " | b'" in str(caught.value)


def test_a_client_that_raises_fails_inside_a_character() -> None:
    """The exception is named; what it does with the whole body is its own business."""
    with pytest.raises(AssertionError, match="it raises UnicodeDecodeError") as caught:
        every_slicing(SHORT, strict)
    assert r"b'data: \xc3' | b'\xbc\r\n\r\n'" in str(caught.value)
    with pytest.raises(ZeroDivisionError):
        every_slicing(SHORT, lambda _: 1 / 0)


def test_line_ends_are_cut() -> None:
    """Between CR and LF."""
    with pytest.raises(AssertionError, match="cut once") as caught:
        every_slicing(SHORT, by_crlf)
    assert r"\r' | b'\n" in str(caught.value)


def test_asynchronous_clients_and_servers() -> None:
    """In a test that is a coroutine, too; and over real sockets."""

    async def client(transport: Any) -> str:
        async with httpx2.AsyncClient(transport=transport) as opened:
            return (await opened.post(URL)).text

    assert 5 == every_slicing(RECORDING, client, limit=5)
    asked = "/v1/chat/completions"
    assert 5 == every_slicing(
        RECORDING, lambda url: httpx.post(url + asked).text, limit=5, through="server"
    )


def test_the_sdk_of_openai_takes_any() -> None:
    """With one client for all, as programs have it."""

    def ask(transport: Any) -> str:
        http_client: Any = httpx2.Client(transport=transport)
        with openai.OpenAI(api_key="x", http_client=http_client) as client:
            chunks = client.chat.completions.create(model="m", messages=[], stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

    assert 8 == every_slicing(RECORDING, ask, limit=8)


def test_nothing_to_cut() -> None:
    """Is a mistake of the test's."""
    with pytest.raises(InputError, match="no body"):
        every_slicing(make_recording(), lines)


@given(st.binary(max_size=60), st.integers(0, 5), st.integers(0, 100))
def test_cuts_of_any_body(body: bytes, seed: int, limit: int) -> None:
    """In order, inside it, each way once, never more than asked for, the same for the same seed."""
    ways = list(every_cuts(body, seed=seed, limit=limit))
    assert len(ways) <= limit
    assert len(set(ways)) == len(ways)
    assert ways == list(every_cuts(body, seed=seed, limit=limit))
    for cuts in ways:
        assert all(0 < place < len(body) for place in cuts)
        assert all(one < other for one, other in pairwise(cuts))


@given(st.text(max_size=30), st.data())
def test_telling_places(text: str, data: st.DataObject) -> None:
    """Before a continuation byte; after a CR that has its LF. And slicing keeps the bytes."""
    body = text.encode() + b"\r\n"
    for place in inside_characters(body):
        with pytest.raises(UnicodeDecodeError):
            body[place:].decode()
    assert body.count(b"\r\n") == len(inside_line_ends(body))
    recording = make_recording(body[:3], body[3:])
    cuts = data.draw(st.sets(st.integers(1, max(1, len(body) - 1))))
    pieces = [read.data for read in sliced(recording, tuple(sorted(cuts))).reads]
    assert body == b"".join(pieces)
    assert len(pieces) == 1 + len(cuts - {len(body)})


@given(st.sets(st.integers(1, 50), min_size=1, max_size=20), st.data())
def test_the_fewest_that_fail(cuts: set[int], data: st.DataObject) -> None:
    """Exactly those that matter are left."""
    guilty = data.draw(st.sets(st.sampled_from(sorted(cuts)), min_size=1))
    assert tuple(sorted(guilty)) == fewest(tuple(sorted(cuts)), lambda fewer: guilty <= set(fewer))
