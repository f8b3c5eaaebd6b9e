"""httpx-sse: events as the standard has them, their names included.

python httpx_sse_events.py BASE_URL [PROMPT [API]]
"""

from collections.abc import Iterator

import httpx
from apis import OPENAI, Api
from httpx_sse import connect_sse
from program import arguments, print_text


def stream_text(
    base_url: str, prompt: str, api: Api = OPENAI, *, timeout_s: float = 60
) -> Iterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    url, body = base_url + api.path(prompt), api.body(prompt)
    with (
        httpx.Client(timeout=timeout_s) as client,
        connect_sse(client, api.method, url, json=body) as source,
    ):
        source.response.raise_for_status()
        for event in source.iter_sse():
            if event.event == "error":
                raise RuntimeError(event.data)
            if event.data == "[DONE]":
                return
            yield api.text_of(event.data)


if __name__ == "__main__":
    print_text(stream_text(*arguments()))
