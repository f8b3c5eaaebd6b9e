"""httpx: `iter_lines()`, five characters cut, the rest stripped, as most documentation prints it.

python httpx_lines.py BASE_URL [PROMPT [API]]
"""

from collections.abc import Iterator

import httpx
from apis import OPENAI, Api
from program import arguments, print_text


def stream_text(
    base_url: str, prompt: str, api: Api = OPENAI, *, timeout_s: float = 60
) -> Iterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    url, body = base_url + api.path(prompt), api.body(prompt)
    with httpx.stream(api.method, url, json=body, timeout=timeout_s) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if not line.startswith("data:"):
                continue
            data = line[5:].strip()
            if data == "[DONE]":
                return
            yield api.text_of(data)


if __name__ == "__main__":
    print_text(stream_text(*arguments()))
