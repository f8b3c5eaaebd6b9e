"""What the programs beside this file share: their arguments, and printing text as it comes."""

import argparse
from collections.abc import AsyncIterator, Iterator

from apis import APIS, Api

__all__ = ["arguments", "print_async", "print_text"]


def arguments() -> tuple[str, str, Api]:
    """BASE_URL [PROMPT [API]] of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("prompt", nargs="?", default="Hello")
    parser.add_argument("api", nargs="?", default="openai", choices=APIS)
    given = parser.parse_args()
    return given.base_url, given.prompt, APIS[given.api]


def print_text(pieces: Iterator[str]) -> None:
    for piece in pieces:
        print(piece, end="", flush=True)


async def print_async(pieces: AsyncIterator[str]) -> None:
    async for piece in pieces:
        print(piece, end="", flush=True)
