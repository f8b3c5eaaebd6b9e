"""The stacks that SDKs stand on, recorded by the proxy and by a transport: what a program gets is
what it gets without, and what is stored is what the API sent."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import anthropic
import groq
import ollama
import openai
import pytest
import requests

from streamlab import AsyncRecordingTransport, RecordingAdapter, RecordingTransport, serve
from streamlab.finding import find, is_clean
from streamlab.store import Library
from tests.proxying import proxying
from tests.sdk_streams import STREAMS, TEXTS

SPEED = 50.0
STORE = "stacks.db"  # in the test's own folder, which is the working directory

MESSAGES: Any = [{"role": "user", "content": "Say hello to the world."}]


@dataclass(frozen=True)
class Said:
    """What a program got."""

    text: str
    chunks: int
    finish: str | None


# The chunks that a client gets from an upstream, with a recording transport or without.
Ask = Callable[[str, bool], list[Any]]


def sdk(module: ModuleType, name: str, path: str, create: Callable[[Any], Any]) -> Ask:
    """The three SDKs of one make: `create` sends the request of the client called `name`."""

    def ask(url: str, is_taped: bool) -> list[Any]:
        transport = RecordingTransport(STORE) if is_taped else None
        http_client = module.DefaultHttpxClient(transport=transport) if is_taped else None
        with getattr(module, name)(
            base_url=url + path, api_key="none", max_retries=0, http_client=http_client
        ) as client:
            return list(create(client))

    async def aask(url: str, is_taped: bool) -> list[Any]:
        transport = AsyncRecordingTransport(STORE) if is_taped else None
        http_client = module.DefaultAsyncHttpxClient(transport=transport) if is_taped else None
        async with getattr(module, name)(
            base_url=url + path, api_key="none", max_retries=0, http_client=http_client
        ) as client:
            return [chunk async for chunk in await create(client)]

    if name.startswith("Async"):
        return lambda url, is_taped: asyncio.run(aask(url, is_taped))
    return ask


def create_chat(client: Any) -> Any:
    return client.chat.completions.create(model="m", messages=MESSAGES, stream=True)


def create_response(client: Any) -> Any:
    return client.responses.create(model="m", input="Say hello to the world.", stream=True)


def create_message(client: Any) -> Any:
    return client.messages.create(model="m", messages=MESSAGES, max_tokens=64, stream=True)


def ask_ollama(url: str, is_taped: bool) -> list[Any]:
    transport = RecordingTransport(STORE) if is_taped else None
    with ollama.Client(host=url, transport=transport) as client:
        return list(client.chat(model="m", messages=MESSAGES, stream=True))


def ask_async_ollama(url: str, is_taped: bool) -> list[Any]:
    async def ask() -> list[Any]:
        transport = AsyncRecordingTransport(STORE) if is_taped else None
        client = ollama.AsyncClient(host=url, transport=transport)
        async with client:
            parts = await client.chat(model="m", messages=MESSAGES, stream=True)
            return [part async for part in parts]

    return asyncio.run(ask())


def session(read: Callable[[requests.Response], Iterator[bytes]]) -> Ask:
    """No SDK, but the loops that people write by hand."""

    def ask(url: str, is_taped: bool) -> list[Any]:
        with requests.Session() as asking:
            if is_taped:
                asking.mount("http://", RecordingAdapter(STORE))
            url += "/v1/chat/completions"
            with asking.post(url, json={"stream": True}, stream=True) as response:
                return list(read(response))

    return ask


def tell_chat(chunks: list[Any]) -> Said:
    choices = [choice for chunk in chunks for choice in chunk.choices]
    text = "".join(choice.delta.content or "" for choice in choices)
    return Said(text, len(chunks), choices[-1].finish_reason)


def tell_response(events: list[Any]) -> Said:
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    return Said("".join(deltas), len(events), events[-1].response.status)


def tell_message(events: list[Any]) -> Said:
    deltas = [event.delta.text for event in events if event.type == "content_block_delta"]
    (finish,) = [event.delta.stop_reason for event in events if event.type == "message_delta"]
    return Said("".join(deltas), len(events), finish)


def tell_ollama(parts: list[Any]) -> Said:
    return Said("".join(part.message.content for part in parts), len(parts), parts[-1].done_reason)


def tell_lines(lines: list[bytes]) -> Said:
    payloads = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    choices = [choice for payload in payloads for choice in payload["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return Said(text, len(lines), choices[-1]["finish_reason"])


def tell_pieces(pieces: list[bytes]) -> Said:
    said = tell_lines(b"".join(pieces).splitlines())
    return Said(said.text, len(pieces), said.finish)


@dataclass(frozen=True)
class Api:
    """The name of a stream that is served, how a program takes it, and what it has then, next to
    the text."""

    stream: str
    tell: Callable[[list[Any]], Said]
    chunks: int
    finish: str


CHAT = Api("openai-chat", tell_chat, 14, "stop")
RESPONSE = Api("openai-responses", tell_response, 14, "completed")
MESSAGE = Api("anthropic-messages", tell_message, 9, "end_turn")
GROQ = Api("groq-chat", tell_chat, 9, "stop")
OLLAMA = Api("ollama-chat", tell_ollama, 8, "stop")
PIECES = Api("openai-chat", tell_pieces, 16, "stop")
LINES = Api("openai-chat", tell_lines, 30, "stop")

STACKS: dict[str, tuple[Api, Ask]] = {
    "openai chat": (CHAT, sdk(openai, "OpenAI", "/v1", create_chat)),
    "openai chat, async": (CHAT, sdk(openai, "AsyncOpenAI", "/v1", create_chat)),
    "openai responses": (RESPONSE, sdk(openai, "OpenAI", "/v1", create_response)),
    "openai responses, async": (RESPONSE, sdk(openai, "AsyncOpenAI", "/v1", create_response)),
    "anthropic": (MESSAGE, sdk(anthropic, "Anthropic", "", create_message)),
    "anthropic, async": (MESSAGE, sdk(anthropic, "AsyncAnthropic", "", create_message)),
    "groq": (GROQ, sdk(groq, "Groq", "", create_chat)),
    "groq, async": (GROQ, sdk(groq, "AsyncGroq", "", create_chat)),
    "ollama": (OLLAMA, ask_ollama),
    "ollama, async": (OLLAMA, ask_async_ollama),
    "requests, pieces": (PIECES, session(lambda response: response.iter_content(None))),
    "requests, lines": (LINES, session(lambda response: response.iter_lines())),
}


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_recorded_and_not_disturbed(library: Library, stack: str) -> None:
    """Text, count of chunks and finish reason are the same without streamlab, through the proxy and
    with a transport. Both recordings are, read for read, the stream that was served, and clean."""
    api, ask = STACKS[stack]
    served = STREAMS[api.stream]
    said = Said(TEXTS[api.stream], api.chunks, api.finish)
    with serve([served], speed=SPEED) as upstream, proxying(library, upstream.url) as proxy:
        assert said == api.tell(ask(upstream.url, False))
        assert said == api.tell(ask(proxy, False))
        assert said == api.tell(ask(upstream.url, True))
    with Library(STORE) as taped:
        for source, recorded in (("proxy", library), ("transport", taped)):
            (summary,) = recorded.summaries()
            recording = recorded.load(summary.id)
            assert source == recording.source
            assert [read.data for read in served.reads] == [read.data for read in recording.reads]
            # SDKs leave at [DONE], and the end of the body may or may not have come by then.
            assert recording.end is not None
            left_at_end = b"[DONE]" in served.body and recording.end.reason == "client_closed"
            assert left_at_end or recording.end.reason == "complete"
            assert is_clean(find(recording))
