"""Real clients of the replay server: the official SDK, and the loops that people write by hand."""

import asyncio
import json
import subprocess
from collections.abc import Iterator

import httpx
import openai
import pytest

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.recording import Recording
from streamlab.replay import serve
from tests.conftest import FIXTURES

CHATS = {
    name: read_cassette(FIXTURES / f"{name}.jsonl")[0]
    for name in (
        "llama.cpp/short", "llama.cpp/long-400", "llama.cpp/non-ascii", "systems/assisters-chat",
        "systems/selamgpt-chat", "systems/savegate-chat", "systems/fastgpt-plain",
    )
}  # fmt: skip


@pytest.fixture(params=CHATS.values(), ids=CHATS.keys())
def served(request: pytest.FixtureRequest) -> Iterator[tuple[str, Recording]]:
    """A replay server for one recorded chat, and the recording."""
    recording: Recording = request.param
    with serve([recording], speed=0) as server:
        yield f"{server.url}/v1", recording


MESSAGES = [{"role": "user", "content": "Hi"}]


def test_openai_python_streams_the_recorded_text(served: tuple[str, Recording]) -> None:
    """The SDK stands on httpx2; text, finish reason and usage are those of the recording."""
    url, recording = served
    analysis = analyze(recording)
    text, finish, tokens = "", [], None
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        for chunk in client.chat.completions.create(model="m", messages=MESSAGES, stream=True):  # type: ignore[call-overload]
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            finish += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
            tokens = chunk.usage.completion_tokens if chunk.usage else tokens
    assert (analysis.text, list(analysis.finish_reasons)) == (text, finish)
    assert (analysis.output_tokens if analysis.token_source == "usage" else None) == tokens


def test_openai_python_streams_asynchronously(served: tuple[str, Recording]) -> None:
    """Three at once, each gets the whole text."""
    url, recording = served

    async def ask(client: openai.AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)  # type: ignore[call-overload]
        pieces = [choice.delta.content or "" async for chunk in stream for choice in chunk.choices]
        return "".join(pieces)

    async def ask_thrice() -> list[str]:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            return list(await asyncio.gather(*[ask(client) for _ in range(3)]))

    assert [analyze(recording).text] * 3 == asyncio.run(ask_thrice())


def test_openai_python_lists_the_models(served: tuple[str, Recording]) -> None:
    """GET /v1/models as the SDK reads it."""
    url, recording = served
    asked = json.loads(recording.request.body).get("model")
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        assert [asked] * (asked is not None) == [model.id for model in client.models.list()]


def test_openai_python_does_not_retry_a_miss() -> None:
    """One request, one answer that says what is missing."""
    with (
        serve([CHATS["llama.cpp/short"]], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none") as client,
        pytest.raises(openai.InternalServerError, match="no recording answers"),
    ):
        client.embeddings.create(model="m", input="x")
    assert 1 == len(server.lateness_ns)


def test_openai_python_meets_a_cut_stream() -> None:
    """A dropped connection reaches the SDK's caller as what it is."""
    (dropped,) = read_cassette(FIXTURES / "systems/selamgpt-dropped.jsonl")
    pieces: list[str] = []
    with (
        serve([dropped], speed=0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
        client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream,  # type: ignore[call-overload]
        pytest.raises(openai.APIConnectionError),
    ):
        pieces.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert analyze(dropped).text == "".join(pieces)


def test_httpx_line_loop(served: tuple[str, Recording]) -> None:
    """`iter_lines`, five characters cut, json.loads: the loop that most documentation prints."""
    url, recording = served
    text = ""
    with httpx.stream("POST", f"{url}/chat/completions", json={}) as response:
        for line in response.iter_lines():
            if line.startswith("data:") and (data := line[5:].strip()) != "[DONE]":
                for choice in json.loads(data)["choices"]:
                    text += choice["delta"].get("content") or ""
    assert analyze(recording).text == text


def test_curl(served: tuple[str, Recording]) -> None:
    """`curl -N` prints the body's bytes and is content with the end."""
    url, recording = served
    command = ["curl", "-sSN", "--max-time", "30", f"{url}/chat/completions", "-d", "{}"]
    assert recording.body == subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("name", "exit_code"),
    [("selamgpt-dropped", 18), ("selamgpt-early-stop", 28), ("assisters-malformed", 0)],
)
def test_curl_tells_the_endings_apart(name: str, exit_code: int) -> None:
    """18 is a partial file, 28 a timeout: the server had not ended this stream."""
    (recording,) = read_cassette(FIXTURES / f"systems/{name}.jsonl")
    with serve([recording], speed=0) as server:
        command = ["curl", "-sN", "--max-time", "1", f"{server.url}/v1/chat/completions"]
        ran = subprocess.run([*command, "-d", "{}"], capture_output=True, check=False)
    assert (exit_code, recording.body) == (ran.returncode, ran.stdout)


def test_sekuire_is_asked_by_get() -> None:
    """A GET with a query, as its documentation asks."""
    (recording,) = read_cassette(FIXTURES / "systems/sekuire-chat.jsonl")
    with serve([recording], speed=0) as server:
        answer = httpx.get(f"{server.url}/chat/stream", params={"message": "Hello"})
    pieces = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert "[DONE]" == pieces.pop()
    assert analyze(recording).text == "".join(json.loads(piece)["chunk"] for piece in pieces)
