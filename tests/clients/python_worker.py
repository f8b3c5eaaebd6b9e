"""Runs the Python clients of examples/clients, in the environment that has their libraries.

A line in is a job as JSON: the client's module and its arguments. A line out is what came of it:
the text, and the name of the exception that ended it.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "clients"))
from apis import APIS


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(asyncio.run(done(json.loads(line)))), flush=True)


async def done(job: dict[str, str]) -> dict[str, str]:
    module = importlib.import_module(job["client"])
    arguments = [job["base_url"], "Hello"]
    if job["api"] != "openai":
        arguments.append(APIS[job["api"]])
    pieces = module.stream_text(*arguments, timeout_s=job["timeout_s"])
    text, error = "", ""
    try:
        if isinstance(pieces, AsyncIterator):
            async for piece in pieces:
                text += piece
        else:
            for piece in pieces:
                text += piece
    except Exception as raised:
        error = type(raised).__name__
    return {"text": text, "error": error}


main()
