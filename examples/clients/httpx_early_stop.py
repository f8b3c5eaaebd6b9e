"""httpx, and no more than a few words: leaving the `with` closes the connection.

python httpx_early_stop.py BASE_URL [PROMPT [API]]
"""

from contextlib import closing

from apis import OPENAI, Api
from httpx_lines import stream_text
from program import arguments

ENOUGH_CHARACTERS = 20


def first_words(base_url: str, prompt: str, api: Api = OPENAI) -> str:
    """The beginning of the answer, as soon as it is there."""
    text = ""
    with closing(stream_text(base_url, prompt, api)) as pieces:
        for piece in pieces:
            text += piece
            if len(text) >= ENOUGH_CHARACTERS:
                break
    return text


if __name__ == "__main__":
    print(first_words(*arguments()), end="")
