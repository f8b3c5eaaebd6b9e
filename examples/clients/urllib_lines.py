"""urllib, which comes with Python: the response's lines.

python urllib_lines.py BASE_URL [PROMPT [API]]
"""

import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

from apis import OPENAI, Api
from program import arguments, print_text


def stream_text(
    base_url: str, prompt: str, api: Api = OPENAI, *, timeout_s: float = 60
) -> Iterator[str]:
    """The pieces of the answer. `timeout_s` bounds the silence before a read."""
    body = api.body(prompt)
    request = Request(
        base_url + api.path(prompt),
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method=api.method,
    )
    with urlopen(request, timeout=timeout_s) as response:  # raises HTTPError by itself
        for line in response:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].decode().rstrip("\r\n").removeprefix(" ")
            if data == "[DONE]":
                return
            yield api.text_of(data)


if __name__ == "__main__":
    print_text(stream_text(*arguments()))
