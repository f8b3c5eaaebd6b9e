"""openai-python, asynchronous.

python openai_sdk_async.py BASE_URL [PROMPT]
"""

import asyncio
import os
from collections.abc import AsyncIterator

import openai
from program import arguments, print_async


async def stream_text(base_url: str, prompt: str, *, timeout_s: float = 60) -> AsyncIterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    key = os.environ.get("OPENAI_API_KEY", "none")
    async with (
        openai.AsyncOpenAI(base_url=base_url, api_key=key, timeout=timeout_s) as client,
        await client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": prompt}], stream=True
        ) as chunks,
    ):
        async for chunk in chunks:
            for choice in chunk.choices:
                yield choice.delta.content or ""


if __name__ == "__main__":
    asyncio.run(print_async(stream_text(*arguments()[:2])))
