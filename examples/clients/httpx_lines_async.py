"""httpx, asynchronous: `aiter_lines()`, otherwise as httpx_lines.py.

python httpx_lines_async.py BASE_URL [PROMPT [API]]
"""

import asyncio
from collections.abc import AsyncIterator

import httpx
from apis import OPENAI, Api
from program import arguments, print_async


async def stream_text(
    base_url: str, prompt: str, api: Api = OPENAI, *, timeout_s: float = 60
) -> AsyncIterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    url, body = base_url + api.path(prompt), api.body(prompt)
    async with (
        httpx.AsyncClient(timeout=timeout_s) as client,
        client.stream(api.method, url, json=body) as response,
    ):
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not line.startswith("data:"):
                continue
            data = line[5:].strip()
            if data == "[DONE]":
                return
            yield api.text_of(data)


if __name__ == "__main__":
    asyncio.run(print_async(stream_text(*arguments())))
