"""A chat back end: it streams OpenAI's answers on to its own clients.

Run: uvicorn chat_backend:app

`POST /chat` with `{"prompt": "…"}` answers with events: the text piece by piece, each call of a
tool (`tool`), the tokens used (`usage`), and at last `done`, or `error` with what went wrong.
"""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import openai
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from httpx2 import TimeoutException, TransportError
from pydantic import BaseModel

TIMEOUT_S = 20
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "opening_hours",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        },
    }
]

app = FastAPI()


class Question(BaseModel):
    prompt: str


async def openai_client() -> AsyncIterator[openai.AsyncOpenAI]:
    """The SDK finds its base URL and its key in the environment, and asks again after a 429."""
    async with openai.AsyncOpenAI(timeout=TIMEOUT_S, max_retries=2) as client:
        yield client


@app.post("/chat")
async def chat(
    question: Question, client: Annotated[openai.AsyncOpenAI, Depends(openai_client)]
) -> StreamingResponse:
    return StreamingResponse(answer(client, question.prompt), media_type="text/event-stream")


async def answer(client: openai.AsyncOpenAI, prompt: str) -> AsyncIterator[str]:
    """The events for our own client."""
    calls: dict[int, dict[str, str]] = {}
    try:
        async with aclosing(chunks(client, prompt)) as received:
            async for chunk in received:
                for event in events(chunk, calls):
                    yield event
    except openai.APITimeoutError:
        yield named("error", "the model does not answer")
    except openai.APIStatusError as error:
        yield named("error", f"the model refuses: {error.status_code}")
    except openai.APIConnectionError:
        yield named("error", "the connection to the model is lost")
    else:
        for call in calls.values():
            yield named("tool", call)
        yield named("done", "")


def events(chunk: dict[str, Any], calls: dict[int, dict[str, str]]) -> list[str]:
    """What of a chunk our client is told at once; the pieces of tool calls go into `calls`."""
    made = []
    for choice in chunk.get("choices", []):
        delta = choice.get("delta", {})
        if delta.get("content"):
            made.append(named("message", delta["content"]))
        for piece in delta.get("tool_calls", []):
            call = calls.setdefault(piece["index"], {"name": "", "arguments": ""})
            for field, text in piece.get("function", {}).items():
                call[field] += text or ""
    if chunk.get("usage"):
        made.append(named("usage", chunk["usage"]["total_tokens"]))
    return made


async def chunks(client: openai.AsyncOpenAI, prompt: str) -> AsyncIterator[dict[str, Any]]:
    """The chunks of the answer, but for those that are no JSON: the SDK would stop at the first."""
    asking = client.chat.completions.with_streaming_response.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": prompt}],
        tools=TOOLS,
        stream=True,
        stream_options={"include_usage": True},
    )
    async with asking as response:
        try:
            async for line in response.iter_lines():
                data = line.removeprefix("data:").strip()
                if line.startswith("data:") and data != "[DONE]":
                    try:
                        yield json.loads(data)
                    except ValueError:
                        continue
        except openai.OpenAIError:
            raise
        except TimeoutException as error:
            raise openai.APITimeoutError(response.http_request) from error
        except TransportError as error:
            raise openai.APIConnectionError(request=response.http_request) from error


def named(type_: str, content: object) -> str:
    """One event."""
    return f"event: {type_}\ndata: {json.dumps(content)}\n\n"
