"""Parsers that collect the lines of an event: httpx-sse, and the SDKs that took theirs from it."""

import json
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from streamlab.client_model import transport
from streamlab.client_model.body import Body
from streamlab.client_model.lines import SSE, Line, bom_reason, lines_of, received, text_of
from streamlab.client_model.model import (
    ClientModel,
    DiedError,
    Piece,
    Reason,
    Seen,
    node_json,
    python_json,
    run,
)

__all__ = ["ANTHROPIC_PYTHON", "HTTPX_SSE", "OPENAI_NODE", "OPENAI_PYTHON"]


class _Block(NamedTuple):
    """What a parser dispatches: the last `event`, "" if there is none, and its data."""

    name: str
    data: str
    has_data: bool
    start: int
    stop: int


Decode = Callable[[Line], str]


def _strict(line: Line) -> str:
    return text_of(line.data, line)


def _replacing(line: Line) -> str:
    return line.data.decode("utf-8", "replace")


def _blocks(lines: Iterator[Line], decode: Decode) -> Iterator[_Block]:
    """As SSEDecoder of httpx_sse/_decoders.py: an empty line dispatches if there is a name, data, a
    retry, or an id, which stays for the rest of the stream."""
    name, data, last_id, has_retry = "", list[str](), "", False
    start: int | None = None
    for line in lines:
        start = line.start if start is None else start
        text = decode(line)
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if not text:
            if name or data or last_id or has_retry:
                yield _Block(name, "\n".join(data), bool(data), start, line.stop)
            name, data, has_retry, start = "", [], False, None
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            last_id = last_id if "\0" in value else value
        elif field == "retry":
            has_retry = has_retry or _is_int(value)


def _is_int(value: str) -> bool:
    try:
        int(value)
    except ValueError:
        return False
    return True


def _no_data(block: _Block) -> Iterator[Reason]:
    if not block.has_data:
        yield Reason("it makes an event of a block without data", block.start, block.stop)


# httpx-sse ---------------------------------------------------------------------------------------


def _httpx_sse(body: Body) -> Iterator[Piece | Reason]:
    if "text/event-stream" not in body.content_type.partition(";")[0]:
        why = "the Content-Type is not text/event-stream"
        raise DiedError("SSEError", why, 0, 0)
    yield from bom_reason(body.data)
    for block in _blocks(received(body, lines_of(body.data, SSE)), _replacing):
        yield from _no_data(block)
        yield Piece(block.data, block.start, block.stop)


def _read_httpx_sse(body: Body) -> Seen:
    return run(body, _httpx_sse(body), transport.HTTPX, json_rule=python_json)


HTTPX_SSE: Final = ClientModel(
    name="httpx-sse",
    title="httpx-sse, `iter_sse()`",
    versions="httpx-sse 0.4",
    source="httpx_sse/_decoders.py, httpx_sse/_api.py; examples/clients/httpx_sse_events.py",
    read=_read_httpx_sse,
)
"""A charset in the Content-Type, which httpx obeys, is not modelled."""


# openai-python -----------------------------------------------------------------------------------


def _openai_python(body: Body) -> Iterator[Piece | Reason]:
    yield from bom_reason(body.data)
    for block in _blocks(received(body, lines_of(body.data, SSE)), _strict):
        yield from _no_data(block)
        piece = Piece(block.data, block.start, block.stop)
        if not _is_openai_end(block.data):
            payload = _parsed(piece)
            is_thread = block.name.startswith("thread.")
            if isinstance(payload, dict) and payload.get("error") and not is_thread:
                raise DiedError("APIError", "the API reports an error", *piece[1:])
        yield piece


def _parsed(piece: Piece) -> object:
    assert piece.data is not None
    error = python_json(piece.data)
    if error is not None:
        raise DiedError(error, "it parses each event, and this is no JSON", *piece[1:])
    return json.loads(piece.data)


def _is_openai_end(data: str) -> bool:
    return data.startswith("[DONE]")


def _read_openai_python(body: Body) -> Seen:
    return run(body, _openai_python(body), transport.OPENAI_PYTHON, is_end=_is_openai_end)


def _speaks_json(body: Body) -> bool:
    return body.is_json


OPENAI_PYTHON: Final = ClientModel(
    name="openai-python",
    title="the OpenAI SDK for Python",
    versions="openai 3.52 to 3.54",
    source="openai/_streaming.py (SSEDecoder, Stream)",
    read=_read_openai_python,
    applies=_speaks_json,
)
"""It hands on every event as a chunk; a loop over `chunk.choices` fails at one of another shape,
such as a named status."""


# anthropic-python --------------------------------------------------------------------------------


def _anthropic_python(body: Body) -> Iterator[Piece | Reason]:
    yield from bom_reason(body.data)
    for block in _blocks(received(body, lines_of(body.data, SSE)), _strict):
        piece = Piece(block.data, block.start, block.stop)
        if block.name == "error":
            raise DiedError("APIStatusError", "the API reports an error", *piece[1:])
        if not block.name:
            yield Reason("it passes over an event without a name", *piece[1:])
        elif block.name == "ping" or not block.data:
            yield piece._replace(data=None)
        else:
            _parsed(piece)
            yield piece


def _never(_: str) -> bool:
    return False


def _read_anthropic_python(body: Body) -> Seen:
    return run(body, _anthropic_python(body), transport.HTTPX, is_end=_never)


def _speaks_anthropic(body: Body) -> bool:
    return "message_start" in body.names


ANTHROPIC_PYTHON: Final = ClientModel(
    name="anthropic-python",
    title="the Anthropic SDK for Python",
    versions="anthropic 2.12",
    source="anthropic/_streaming.py (SSEDecoder, Stream)",
    read=_read_anthropic_python,
    applies=_speaks_anthropic,
)
"""It keeps pings to itself, and knows no end marker: the stream ends with its body."""


# openai-node -------------------------------------------------------------------------------------


def _openai_node(body: Body) -> Iterator[Piece | Reason]:
    lines = received(body, lines_of(body.data, SSE))
    for block in _node_blocks(lines, flushes=body.broken is None):
        yield from _no_data(block)
        piece = Piece(block.data, block.start, block.stop)
        if block.data != "[DONE]":
            _check_node(block.name, piece)
        yield piece


def _node_blocks(lines: Iterator[Line], *, flushes: bool) -> Iterator[_Block]:
    """As SSEDecoder of openai/core/streaming.mjs, each line decoded by a TextDecoder of its own."""
    name, data = "", list[str]()
    start, stop = None, 0
    for line in lines:
        start, stop = line.start if start is None else start, line.stop
        text = _replacing(line).removeprefix("\ufeff")
        field, _, value = text.partition(":")
        if text and field == "event":
            name = value.removeprefix(" ")
        elif text and field == "data":
            data.append(value.removeprefix(" "))
        elif not text:
            if name or data:
                yield _Block(name, "\n".join(data), bool(data), start, stop)
            name, data, start = "", [], None
    if flushes and start is not None and (name or data):
        yield _Block(name, "\n".join(data), bool(data), start, stop)


def _check_node(name: str, piece: Piece) -> None:
    assert piece.data is not None
    error = node_json(piece.data)
    if error is not None:
        raise DiedError(error, "it parses each event, and this is no JSON", *piece[1:])
    if name.startswith("thread."):
        return
    if name == "error" or _has_error(piece.data):
        raise DiedError("Error", "the API reports an error", *piece[1:])


def _has_error(data: str) -> bool:
    """`data && data.error` in JavaScript, where an empty object is true."""
    try:
        payload = json.loads(data, parse_int=float)
    except RecursionError:
        return False
    error = payload.get("error") if isinstance(payload, dict) else None
    return bool(error) or isinstance(error, dict | list)


def _read_openai_node(body: Body) -> Seen:
    return run(body, _openai_node(body), transport.OPENAI_NODE)


OPENAI_NODE: Final = ClientModel(
    name="openai-node",
    title="the OpenAI SDK for Node",
    versions="openai 7.57",
    source="openai/core/streaming.mjs, openai/internal/decoders/line.mjs",
    read=_read_openai_node,
    applies=_speaks_json,
)
"""It hands on the last event also where no empty line ended it. It takes an abort for a good end:
a timeout is an error only to a program that asks its signal."""
