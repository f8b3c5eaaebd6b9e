"""openai-python.

python openai_sdk.py BASE_URL [PROMPT]
"""

import os
from collections.abc import Iterator

import openai
from program import arguments, print_text


def stream_text(base_url: str, prompt: str, *, timeout_s: float = 60) -> Iterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    key = os.environ.get("OPENAI_API_KEY", "none")
    with (
        openai.OpenAI(base_url=base_url, api_key=key, timeout=timeout_s) as client,
        client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": prompt}], stream=True
        ) as chunks,
    ):
        for chunk in chunks:
            for choice in chunk.choices:
                yield choice.delta.content or ""


if __name__ == "__main__":
    print_text(stream_text(*arguments()[:2]))
