"""Every trouble a stream can make, each with the test that shows what our back end does then.

Nothing sleeps, and nothing leaves the machine: `cassettes/` has the answers.
"""

import json
import re
from collections.abc import AsyncIterator

import httpx
import openai
import pytest
from chat_backend import answer, app, openai_client

from streamlab.testing import assert_stream, every_slicing

Events = list[tuple[str, object]]


@pytest.fixture
def streamlab_config() -> dict[str, object]:
    return {"name": "greeting"}


async def ask(prompt: str = "Greet me in three languages.") -> Events:
    """What a client of our back end gets."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
        return parsed((await client.post("/chat", json={"prompt": prompt})).text)


def parsed(text: str) -> Events:
    found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
    return [(name, json.loads(data)) for name, data in found]


def text_of(events: Events) -> str:
    return "".join(str(content) for name, content in events if name == "message")


async def test_the_answer_and_at_last_the_usage(streamlab_server, streamlab_recording):
    events = await ask()
    assert text_of(events) == assert_stream(streamlab_recording).no_findings().text
    assert events[-2:] == [("usage", 31), ("done", "")]
    assert [asked.method for asked in streamlab_server.requests] == ["POST"]


@pytest.mark.streamlab(faults=["http_error:status=429,retry_after=0,times=1"])
async def test_a_429_and_then_success(streamlab_server):
    events = await ask()
    assert text_of(events) == "Hello, grüß Gott, 你好!"
    assert len(streamlab_server.requests) == 2


@pytest.mark.streamlab(faults=["http_error:status=429,retry_after=0"])
async def test_a_429_that_stays(streamlab_server):
    assert await ask() == [("error", "the model refuses: 429")]
    assert len(streamlab_server.requests) == 3


@pytest.mark.streamlab(faults=["reset:after=3"])
async def test_a_connection_dropped_in_the_middle():
    events = await ask()
    assert text_of(events) == "Hello, grüß"
    assert events[-1] == ("error", "the connection to the model is lost")


@pytest.mark.streamlab(faults=["malformed_json:after=2"])
async def test_a_malformed_chunk_is_skipped():
    events = await ask()
    assert text_of(events) == "Hello, Gott, 你好!"
    assert events[-1] == ("done", "")


@pytest.mark.streamlab(name="opening_hours")
async def test_a_tool_call_in_pieces(streamlab_server, streamlab_recording):
    events = await ask("When do you open on Monday?")
    assert events[-2:] == [
        ("tool", {"name": "opening_hours", "arguments": '{"day": "Monday"}'}),
        ("done", ""),
    ]
    (call,) = assert_stream(streamlab_recording).tool_calls()
    assert call.name == "opening_hours"


@pytest.fixture
async def in_process(streamlab_transport) -> AsyncIterator[None]:
    """Our back end asks the transport: time is a manual clock's, and waiting takes none."""

    async def client() -> AsyncIterator[openai.AsyncOpenAI]:
        http_client = openai.DefaultAsyncHttpxClient(transport=streamlab_transport)
        made = openai.AsyncOpenAI(api_key="x", timeout=20, max_retries=0, http_client=http_client)
        async with made:
            yield made

    app.dependency_overrides[openai_client] = client
    yield
    app.dependency_overrides.clear()


@pytest.mark.streamlab(faults=["stall:after=2,ms=15000"])
async def test_a_stall_that_is_borne(in_process, streamlab_transport):
    assert text_of(await ask()) == "Hello, grüß Gott, 你好!"
    assert streamlab_transport.clock.now_ns() > 15_000_000_000


@pytest.mark.streamlab(faults=["stall:after=2,ms=60000"])
async def test_a_stall_that_is_too_long(in_process, streamlab_transport):
    events = await ask()
    assert text_of(events) == "Hello,"
    assert events[-1] == ("error", "the model does not answer")
    assert streamlab_transport.clock.now_ns() < 60_000_000_000


async def test_a_client_that_stops_early(streamlab_server):
    """The stream is held back, so there is no race: two events, then our client leaves."""
    hold = streamlab_server.hold()
    hold.release(2)
    async with openai.AsyncOpenAI(max_retries=0) as client:
        events = answer(client, "Greet me in three languages.")
        assert parsed(await anext(events)) == [("message", "Hello,")]
        await events.aclose()
    hold.wait_until_over()
    assert hold.sent == 2
    assert hold.events is not None
    assert hold.events > 2


def test_reads_may_end_anywhere(streamlab_recording):
    """Inside an event, a character, a line end: what we make of it is the same."""

    async def text(transport) -> str:
        http_client = openai.DefaultAsyncHttpxClient(transport=transport)
        async with openai.AsyncOpenAI(api_key="x", http_client=http_client) as client:
            prompt = "Greet me in three languages."
            return text_of(parsed("".join([event async for event in answer(client, prompt)])))

    assert every_slicing(streamlab_recording, text, limit=20) == 20
