"""httpx, and patience: a refused or dropped answer is asked for again, later and later.

    python httpx_retry.py BASE_URL [PROMPT [API]]

An answer begins anew with each try, so its text is printed when it is whole.
"""

import time

import httpx
from apis import OPENAI, Api
from httpx_lines import stream_text
from program import arguments

TRIES = 5
TRANSIENT = {429, 500, 502, 503, 504}


def whole_text(base_url: str, prompt: str, api: Api = OPENAI, *, backoff_s: float = 0.5) -> str:
    """The answer. Raises what the last try raised, and at once what no patience helps against."""
    for attempt in range(1, TRIES + 1):
        try:
            return "".join(stream_text(base_url, prompt, api))
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in TRANSIENT or attempt == TRIES:
                raise
            wait_s = float(error.response.headers.get("Retry-After", backoff_s))
        except httpx.TransportError:
            if attempt == TRIES:
                raise
            wait_s = backoff_s
        time.sleep(wait_s)
        backoff_s *= 2
    raise AssertionError("the last try returns or raises")


if __name__ == "__main__":
    print(whole_text(*arguments()), end="")
