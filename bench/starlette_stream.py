"""What people write as a fake: Starlette's StreamingResponse, a sleep after each event.

python bench/starlette_stream.py PORT EVENTS GAP_MS
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

PORT, EVENTS, GAP_MS = map(int, sys.argv[1:])


def _event(number: int) -> str:
    chunk = {
        "id": "chatcmpl-" + "7f3a" * 7,
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "synthetic-large-2026-01-01",
        "choices": [{"index": 0, "delta": {"content": f"{number:04d} "}, "finish_reason": None}],
    }
    return f"data: {json.dumps(chunk)}\n\n"


async def _events() -> AsyncIterator[str]:
    for number in range(EVENTS):
        if GAP_MS:
            await asyncio.sleep(GAP_MS / 1000)
        yield _event(number)
    yield "data: [DONE]\n\n"


async def _answer(_: object) -> StreamingResponse:
    return StreamingResponse(_events(), media_type="text/event-stream")


app = Starlette(routes=[Route("/v1/chat/completions", _answer, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")
