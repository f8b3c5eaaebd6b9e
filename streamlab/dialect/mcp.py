"""The Model Context Protocol over HTTP: JSON-RPC messages as events, up to the response.

Source: https://modelcontextprotocol.io/specification, 2025-11-25, "Streamable HTTP"; of 2024-11-05
the event `endpoint`, which comes first. An event with an id and empty data only gives a client
something to resume from.
"""

from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    as_list,
    as_object,
    as_text,
    read_json,
)

__all__ = ["MCP", "error_of"]


def _detect(clue: Clue) -> str | None:
    first = clue.payload[0] if isinstance(clue.payload, list) and clue.payload else clue.payload
    if as_object(first).get("jsonrpc") == "2.0":
        return 'jsonrpc is "2.0"'
    if clue.event.type == "endpoint" and clue.event.data.startswith(("/", "http")):
        return "an event named endpoint holds a path"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    if not chunk.event.data:
        return (Delta("empty"),)
    if chunk.event.type == "endpoint":
        return (Delta("status", chunk.event.data, "endpoint"),)
    if isinstance(chunk.payload, list):  # a batch, as up to 2025-03-26
        messages = map(as_object, chunk.payload)
        return tuple(delta for each in messages for delta in _read_message(each)) or (
            Delta("other"),
        )
    return read_json(chunk, _read_message)


def _read_message(message: dict[str, object]) -> tuple[Delta, ...]:
    """A notification, a request of the server, or the response, which ends the stream."""
    if "error" in message:
        return (error_of(message), Delta("end"))
    if "result" in message:
        return (*_read_result(as_object(message["result"])), Delta("end"))
    method = as_text(message.get("method"))
    params = as_object(message.get("params"))
    return (Delta("status", _progress(params), method),) if method else ()


def error_of(message: dict[str, object]) -> Delta:
    """The error of a JSON-RPC response."""
    error = as_object(message.get("error"))
    code = error.get("code")
    return Delta("error", as_text(error.get("message")), "" if code is None else str(code))


def _progress(params: dict[str, object]) -> str:
    """What a notification says of the state of things: a message, else a part of a total."""
    data = params.get("data")
    if message := as_text(params.get("message")) or as_text(data):
        return message
    if message := as_text(as_object(data).get("msg")):
        return message
    progress, total = params.get("progress"), params.get("total")
    if not isinstance(progress, int | float):
        return ""
    return f"{progress}/{total}" if isinstance(total, int | float) else str(progress)


def _read_result(result: dict[str, object]) -> list[Delta]:
    """The text that a tool gave, or a prompt's; its error is the tool's, told in the same place."""
    contents = [as_object(each) for each in as_list(result.get("content"))]
    texts = [as_text(each.get("text")) for each in contents if each.get("type") == "text"]
    if result.get("isError") is True:
        return [Delta("error", "\n".join(texts))]
    return [Delta("text", text) for text in texts if text] or [Delta("status", name="result")]


MCP: Final = Dialect(
    name="mcp", detect=_detect, read=_read, ends="the response: a `result` or an `error`"
)
