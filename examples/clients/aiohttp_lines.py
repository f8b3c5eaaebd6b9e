"""aiohttp: `async for line in response.content`. A line may be 512 KiB long at most.

python aiohttp_lines.py BASE_URL [PROMPT [API]]
"""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from apis import OPENAI, Api
from program import arguments, print_async


async def stream_text(
    base_url: str, prompt: str, api: Api = OPENAI, *, timeout_s: float = 60
) -> AsyncIterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a line."""
    url, body = base_url + api.path(prompt), api.body(prompt)
    clock = asyncio.get_running_loop().time
    async with (
        # Not aiohttp's own `sock_read`: after a bad chunk size that waits for ever.
        asyncio.timeout(timeout_s) as silence,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
        session.request(api.method, url, json=body) as response,
    ):
        response.raise_for_status()
        async for line in response.content:
            silence.reschedule(clock() + timeout_s)
            if not line.startswith(b"data:"):
                continue
            data = line[5:].decode().rstrip("\r\n").removeprefix(" ")
            if data == "[DONE]":
                return
            yield api.text_of(data)


if __name__ == "__main__":
    asyncio.run(print_async(stream_text(*arguments())))
