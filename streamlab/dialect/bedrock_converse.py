"""Amazon Bedrock's ConverseStream: messages of an AWS event stream, named after what they hold.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html.
Where messages lost their names, as in logs, and in what Amazon's own models send through
InvokeModelWithResponseStream, the name is the key of an object around the rest.
`metadata` with the token counts comes last.
"""

from collections.abc import Callable, Mapping
from typing import Final

from streamlab.dialect.delta import (
    Chunk,
    Clue,
    Delta,
    Dialect,
    Usage,
    as_count,
    as_object,
    as_text,
    read_json,
)

__all__ = ["AWS_MEDIA_TYPE", "BEDROCK_CONVERSE", "read_exception", "read_named"]

JsonObject = dict[str, object]

AWS_MEDIA_TYPE: Final = "application/vnd.amazon.eventstream"
_PATH: Final = "/converse-stream"


def _detect(clue: Clue) -> str | None:
    if clue.event.type in _OWN_NAMES:
        return f"an event is named {clue.event.type}"
    named = next((name for name in _OWN_NAMES if name in as_object(clue.payload)), None)
    if named is not None:
        return f"an object holds {named}"
    if clue.media_type == AWS_MEDIA_TYPE and clue.url_path.endswith(_PATH):
        return f"an AWS event stream from a path that ends in {_PATH}"
    return None


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    if chunk.event.type == "message":
        return read_json(chunk, read_named)
    if (exception := read_exception(chunk)) is not None:
        return (exception,)
    read = _NAMED.get(chunk.event.type)
    return read_json(chunk, lambda payload: () if read is None else read(payload))


def read_named(payload: JsonObject) -> tuple[Delta, ...]:
    """The deltas of an object that holds events by their names."""
    return tuple(
        delta
        for name, read in _NAMED.items()
        if name in payload
        for delta in read(as_object(payload[name]))
    )


def read_exception(chunk: Chunk) -> Delta | None:
    """What a message reports that is an exception, or an error of the protocol itself."""
    name = chunk.event.type
    if name != "error" and not name.lower().endswith("exception"):
        return None
    payload = as_object(chunk.payload)
    message = as_text(payload.get("message")) or as_text(payload.get("originalMessage"))
    return Delta(kind="error", text=message or chunk.event.data or name, name=name)


def _read_nothing(_: JsonObject) -> tuple[Delta, ...]:
    return (Delta(kind="empty"),)


def _read_block_start(payload: JsonObject) -> tuple[Delta, ...]:
    """A block begins; that of a tool call says which."""
    use = as_object(as_object(payload.get("start")).get("toolUse"))
    return (_call(payload, use, "") if use else Delta(kind="empty"),)


def _read_block_delta(payload: JsonObject) -> tuple[Delta, ...]:
    piece = as_object(payload.get("delta"))
    if use := as_object(piece.get("toolUse")):
        return (_call(payload, use, as_text(use.get("input"))),)
    if reasoning := as_text(as_object(piece.get("reasoningContent")).get("text")):
        return (Delta(kind="reasoning", text=reasoning),)
    text = as_text(piece.get("text"))
    return (Delta(kind="text" if text else "empty", text=text),)


def _call(payload: JsonObject, use: JsonObject, text: str) -> Delta:
    return Delta(
        kind="tool_call",
        text=text,
        name=as_text(use.get("name")),
        call_id=as_text(use.get("toolUseId")),
        call_index=as_count(payload.get("contentBlockIndex")),
    )


def _read_stop(payload: JsonObject) -> tuple[Delta, ...]:
    reason = as_text(payload.get("stopReason"))
    return (Delta(kind="finish", finish_reason=reason) if reason else Delta(kind="empty"),)


def _read_metadata(payload: JsonObject) -> tuple[Delta, ...]:
    stated = as_object(payload.get("usage"))
    counts = Usage(
        prompt_tokens=as_count(stated.get("inputTokens")),
        completion_tokens=as_count(stated.get("outputTokens")),
    )
    usage = () if counts == Usage() else (Delta(kind="usage", usage=counts),)
    return (*usage, Delta(kind="end"))


_NAMED: Final[Mapping[str, Callable[[JsonObject], tuple[Delta, ...]]]] = {
    "messageStart": _read_nothing,
    "contentBlockStart": _read_block_start,
    "contentBlockDelta": _read_block_delta,
    "contentBlockStop": _read_nothing,
    "messageStop": _read_stop,
    "metadata": _read_metadata,
}
# Others name something `metadata`, too.
_OWN_NAMES: Final = tuple(name for name in _NAMED if name != "metadata")

BEDROCK_CONVERSE = Dialect(
    name="bedrock.converse", detect=_detect, read=_read, ends="`metadata`, after `messageStop`"
)
