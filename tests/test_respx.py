"""Recorded streams on the routes of respx, and in the mocks of httpx and httpx2."""

import asyncio
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
import respx

from streamlab.recording import Recording
from streamlab.respx import Streams, mount
from tests.conftest import DONE, chat_event, make_recording
from tests.sdk_streams import STREAMS, TEXTS

URL = "https://api.example/v1/chat/completions"
EVENTS = (chat_event("a"), chat_event("b"), DONE)
RECORDING = make_recording(*EVENTS)


def read(url: str = URL) -> list[bytes]:
    """The pieces that come, by each way to read them."""
    with httpx.Client() as client, client.stream("POST", url, json={}) as answer:
        return list(answer.iter_raw())


def aread(url: str = URL) -> list[bytes]:
    async def run() -> list[bytes]:
        async with httpx.AsyncClient() as client, client.stream("POST", url, json={}) as answer:
            return [piece async for piece in answer.aiter_raw()]

    return asyncio.run(run())


@pytest.mark.parametrize("ask", [read, aread])
@pytest.mark.parametrize("using", ["httpcore", "httpx"])
def test_reads_keep_their_boundaries_and_times(ask: Any, using: str) -> None:
    """Both ways in which respx patches httpx, both kinds of client."""
    with respx.mock(using=using) as router:
        streams = mount(router, [RECORDING])
        assert list(EVENTS) == ask()
        assert RECORDING.end is not None
        assert RECORDING.end.at_ns == streams.clock.now_ns()
        assert ["/v1/chat/completions"] == [asked.target for asked in streams.requests]
        assert 1 == router.calls.call_count


@pytest.mark.parametrize("ask", [read, aread])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("truncate:after=1", httpx.RemoteProtocolError),
        ("reset:after=1", httpx.ReadError),
        ("hang:after=1", httpx.ReadTimeout),
    ],
)
def test_ends_are_exceptions_of_httpx(ask: Any, fault: str, error: type[Exception]) -> None:
    """As `ReplayTransport` raises them; healed, the stream is whole."""
    with respx.mock() as router:
        streams = mount(router, [RECORDING])
        streams.fault(fault)
        with pytest.raises(error):
            ask()
        streams.heal()
        assert list(EVENTS) == ask()


def test_no_head_is_an_exception_as_well() -> None:
    """Before the response is there."""
    dead = Recording(id="0" * 12, request=RECORDING.request)
    with respx.mock() as router:
        mount(router, [dead])
        with pytest.raises(httpx.RemoteProtocolError):
            read()


def test_other_routes_are_the_router_s() -> None:
    """Only what has the method and path of a recording is answered by one."""
    with respx.mock(base_url="https://api.example") as router:
        mount(router, [RECORDING])
        router.get("/health").respond(204)
        assert list(EVENTS) == read()
        assert 204 == httpx.get("https://api.example/health").status_code
        with pytest.raises(respx.models.AllMockedAssertionError):
            httpx.get("https://api.example/other")


@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_mock_transports_of_both_libraries(library: Any) -> None:
    """Sync and async; with each library's own exceptions."""
    streams = Streams([RECORDING], faults=["reset:after=1,times=1"])

    async def run() -> bytes:
        async with library.AsyncClient(transport=library.MockTransport(streams)) as client:
            return (await client.post(URL, json={})).content

    with library.Client(transport=library.MockTransport(streams)) as client:
        with pytest.raises(library.ReadError):
            client.post(URL, json={})
        assert RECORDING.body == client.post(URL, json={}).content
    assert RECORDING.body == asyncio.run(run())


def test_sdks_on_httpx2_take_it_as_a_transport() -> None:
    """What respx itself cannot do for them."""
    streams = Streams([STREAMS["openai-chat"], STREAMS["anthropic-messages"]])
    transport = httpx2.MockTransport(streams)
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    http_client: Any = openai.DefaultHttpxClient(transport=transport)
    with openai.OpenAI(api_key="x", http_client=http_client) as client:
        chunks = client.chat.completions.create(**asked, stream=True)
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert TEXTS["openai-chat"] == text
    http_client = anthropic.DefaultHttpxClient(transport=transport)
    with (
        anthropic.Anthropic(api_key="x", http_client=http_client) as claude,
        claude.messages.stream(max_tokens=9, **asked) as stream,
    ):
        assert TEXTS["anthropic-messages"] == "".join(stream.text_stream)
