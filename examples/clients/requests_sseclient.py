"""requests and sseclient-py: `client.events()` until [DONE].

python requests_sseclient.py BASE_URL [PROMPT [API]]
"""

from collections.abc import Iterator

import requests
import sseclient
from apis import OPENAI, Api
from program import arguments, print_text


def stream_text(
    base_url: str, prompt: str, api: Api = OPENAI, *, timeout_s: float = 60
) -> Iterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    url, body = base_url + api.path(prompt), api.body(prompt)
    with requests.request(api.method, url, json=body, stream=True, timeout=timeout_s) as response:
        response.raise_for_status()
        for event in sseclient.SSEClient(response).events():
            if event.event == "error":
                raise RuntimeError(event.data)
            if event.data == "[DONE]":
                return
            yield api.text_of(event.data)


if __name__ == "__main__":
    print_text(stream_text(*arguments()))
