"""What each client makes of a stream that is well delivered and odd: the second table of
docs/clients.md."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import pytest

from streamlab.recording import Recording
from tests.clients.cast import (
    AIOHTTP,
    EVENT_SOURCE,
    HTTPX,
    HTTPX_SSE,
    NODE_NAIVE,
    NODE_WHOLE,
    OPENAI_NODE,
    OPENAI_PYTHON,
    REQUESTS,
    URLLIB,
    Answer,
    Cast,
    Client,
    at_route,
    id_of,
    serve_with_pages,
)
from tests.clients.cut import cut_every
from tests.clients.table import rendered, said, written
from tests.conftest import make_recording

pytestmark = pytest.mark.clients

CLIENTS = (
    HTTPX, HTTPX_SSE, REQUESTS, AIOHTTP, URLLIB, OPENAI_PYTHON, NODE_NAIVE, NODE_WHOLE, OPENAI_NODE,
    EVENT_SOURCE,
)  # fmt: skip

TEXT = "Grüße, 世界!"
WORDS = ("Grüße", ", ", "世界", "!")
DONE = "data: [DONE]\n\n"
AGAIN = "again"
KIB = 1024


def chat_chunk(content: str) -> str:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return json.dumps(
        {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]},
        ensure_ascii=False,
    )


def one_field(content: str) -> str:
    return json.dumps({"chunk": content}, ensure_ascii=False)


Payload = Callable[[str], str]


def events(payload: Payload, words: tuple[str, ...] = WORDS) -> str:
    return "".join(f"data: {payload(word)}\n\n" for word in words)


@dataclass(frozen=True)
class Odd:
    """A body made with an API's payloads, and the text that is in it."""

    body: Callable[[Payload], str]
    text: str = TEXT
    read_bytes: int = 64 * KIB


def plain(payload: Payload) -> str:
    return events(payload) + DONE


def in_the_middle(oddity: str) -> Callable[[Payload], str]:
    return lambda payload: events(payload, WORDS[:2]) + oddity + events(payload, WORDS[2:]) + DONE


LONG = "x" * (600 * KIB)

STREAMS = {
    "nothing odd": Odd(plain),
    "reads end inside lines and characters": Odd(plain, read_bytes=7),
    "no space after `data:`": Odd(lambda payload: plain(payload).replace("data: ", "data:")),
    "lines end with CRLF": Odd(lambda payload: plain(payload).replace("\n", "\r\n")),
    "lines end with CR": Odd(lambda payload: plain(payload).replace("\n", "\r")),
    "a byte order mark": Odd(lambda payload: "\ufeff" + plain(payload)),
    "a comment (keep-alive)": Odd(in_the_middle(": keep-alive\n\n")),
    "an event without data": Odd(in_the_middle("event: ping\n\n")),
    "an event with empty data": Odd(in_the_middle("data:\n\n")),
    "an event that is named": Odd(in_the_middle('event: status\ndata: {"name": "x"}\n\n')),
    "an event that is no JSON": Odd(in_the_middle('data: {"choices": [{]}\n\n')),
    "an event on two lines": Odd(lambda payload: plain(payload).replace('": ', '":\ndata: ', 1)),
    "an event of 600 KiB": Odd(lambda payload: events(payload, (LONG,)) + DONE, LONG),
    "U+2028 and U+0085 inside a text": Odd(
        lambda payload: events(payload, ("a\u2028b\u0085c",)) + DONE, "a\u2028b\u0085c"
    ),
    '`{"error": …}` in the stream': Odd(in_the_middle('data: {"error": {"message": "full"}}\n\n')),
    "an event named `error`": Odd(in_the_middle('event: error\ndata: {"message": "full"}\n\n')),
    "no `[DONE]`": Odd(events),
    "no blank line at the end": Odd(lambda payload: events(payload).removesuffix("\n")),
}


def recordings(number: int, odd: Odd) -> list[Recording]:
    """For clients of OpenAI's API, for EventSource, and for EventSource if it asks again: after
    20 ms, since the server says so, and by itself after some seconds."""
    chat = make_recording(odd.body(chat_chunk).encode())
    get = make_recording(
        odd.body(one_field).replace("data:", "retry: 20\ndata:", 1).encode(), method="GET", body=b""
    )
    again = make_recording(f"data: {one_field(AGAIN)}\n\n{DONE}".encode(), method="GET", body=b"")
    route = f"/{number}/chat/stream"
    return [
        at_route(f"/{number}/chat/completions", cut_every(chat, odd.read_bytes)),
        at_route(route, cut_every(get, odd.read_bytes)),
        replace(at_route(route, again), id=id_of(f"{route} {AGAIN}")),
    ]


def test_odd_streams(cast: Cast, pytestconfig: pytest.Config) -> None:
    """Whether the text is whole, and the error if there was one."""
    served = chain.from_iterable(recordings(n, odd) for n, odd in enumerate(STREAMS.values()))

    def cell(number: int, client: Client) -> Answer:
        api = "sekuire" if client is EVENT_SOURCE else "openai"
        return cast.ask(client, f"{server.url}/{number}", api=api)

    def row(number: int, odd: Odd) -> dict[str, str]:
        with ThreadPoolExecutor(len(CLIENTS)) as pool:
            answers = pool.map(partial(cell, number), CLIENTS)
        return {
            client.name: "asks again" if AGAIN in answer.text else said(answer, odd.text)
            for client, answer in zip(CLIENTS, answers, strict=True)
        }

    with serve_with_pages(list(served), speed=1) as server:
        table = {name: row(n, odd) for n, (name, odd) in enumerate(STREAMS.items())}
    made = rendered("stream", table)
    assert written(pytestconfig, "odd streams", made) == made
