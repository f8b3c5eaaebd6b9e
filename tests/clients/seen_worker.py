"""Runs Python clients for test_models.py, in the environment that has their libraries.

A job is a line of JSON: the client, the URL, and whether the program parses the data. The answer's
text is a JSON list of what the client handed on: data, or the JSON values that SDKs make of it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from functools import cache
from typing import Any
from urllib.request import Request, urlopen

ANY = "http://127.0.0.1"


# Clients are kept: to make one takes longer than to read a stream.
@cache
def openai_client(timeout_s: float) -> Any:
    import openai

    return openai.OpenAI(base_url=ANY, api_key="none", timeout=timeout_s, max_retries=0)


def openai_python(url: str, timeout_s: float) -> Iterator[object]:
    import openai

    client, kind = openai_client(timeout_s), openai.Stream[object]
    yield from client.post(url, cast_to=object, body={}, stream=True, stream_cls=kind)


@cache
def anthropic_client(timeout_s: float) -> Any:
    import anthropic

    return anthropic.Anthropic(base_url=ANY, api_key="none", timeout=timeout_s, max_retries=0)


def anthropic_python(url: str, timeout_s: float) -> Iterator[object]:
    import anthropic

    client, kind = anthropic_client(timeout_s), anthropic.Stream[object]
    yield from client.post(url, cast_to=object, body={}, stream=True, stream_cls=kind)


@cache
def httpx_client(timeout_s: float) -> Any:
    import httpx

    return httpx.Client(timeout=timeout_s)


def httpx_sse(url: str, timeout_s: float) -> Iterator[str]:
    from httpx_sse import connect_sse

    with connect_sse(httpx_client(timeout_s), "POST", url, json={}) as source:
        for event in source.iter_sse():
            yield event.data


def httpx_lines(url: str, timeout_s: float) -> Iterator[str]:
    with httpx_client(timeout_s).stream("POST", url, json={}) as response:
        for line in response.iter_lines():
            if line.startswith("data:"):
                yield line[5:].strip()


def sseclient_py(url: str, timeout_s: float) -> Iterator[str]:
    import requests
    import sseclient

    with requests.post(url, json={}, stream=True, timeout=timeout_s) as response:
        for event in sseclient.SSEClient(response).events():
            yield event.data


def requests_lines(url: str, timeout_s: float) -> Iterator[str]:
    import requests

    with requests.post(url, json={}, stream=True, timeout=timeout_s) as response:
        for line in response.iter_lines():
            if line.decode().startswith("data: "):
                yield line.decode()[6:]


async def aiohttp_lines(url: str, timeout_s: float) -> AsyncIterator[str]:
    import aiohttp

    async with (
        asyncio.timeout(timeout_s),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
        session.post(url, json={}) as response,
    ):
        async for line in response.content:
            if line.startswith(b"data:"):
                yield line[5:].decode().rstrip("\r\n").removeprefix(" ")


def urllib_lines(url: str, timeout_s: float) -> Iterator[str]:
    with urlopen(Request(url, b"{}"), timeout=timeout_s) as response:
        for line in response:
            if line.startswith(b"data:"):
                yield line[5:].decode().rstrip("\r\n").removeprefix(" ")


def line_reader(url: str, timeout_s: float) -> Iterator[str]:
    with urlopen(Request(url, b"{}"), timeout=timeout_s) as response:
        for line in response:
            text = line.decode().strip()
            if text.startswith("data: "):
                yield text[6:]


CLIENTS: dict[str, Callable[[str, float], Iterator[object] | AsyncIterator[object]]] = {
    "openai-python": openai_python,
    "anthropic-python": anthropic_python,
    "httpx-sse": httpx_sse,
    "httpx-lines": httpx_lines,
    "sseclient-py": sseclient_py,
    "requests-lines": requests_lines,
    "aiohttp-lines": aiohttp_lines,
    "urllib-lines": urllib_lines,
    "line-reader": line_reader,
}


async def each(found: Iterator[object] | AsyncIterator[object]) -> AsyncIterator[object]:
    if isinstance(found, Iterator):
        for one in found:
            yield one
        return
    async with aclosing(found):
        async for one in found:
            yield one


async def done(client: str, url: str, parses: bool, timeout_s: float) -> dict[str, str]:
    is_sdk = client.startswith(("openai", "anthropic"))
    events: list[object] = []
    error = ""
    try:
        async with aclosing(each(CLIENTS[client](url, timeout_s))) as found:
            async for data in found:
                if not is_sdk:
                    if data == "[DONE]":
                        break
                    if parses:
                        json.loads(data)
                events.append(data)
    except Exception as raised:
        error = type(raised).__name__
    return {"text": json.dumps(events), "error": error}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(asyncio.run(done(**json.loads(line)))), flush=True)


main()
