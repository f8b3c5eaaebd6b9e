"""The whole ConverseResponse of Amazon Bedrock, put together from the events of its stream.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, and
API_runtime_ConverseStream, API_runtime_ContentBlockDelta and API_runtime_ContentBlock beside it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from streamlab.dialect.delta import as_count, as_list, as_object, as_text, parse_json

__all__ = ["converse_answer"]

JsonObject = dict[str, object]

_NAMES: Final = (
    "messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop",
    "metadata",
)  # fmt: skip
# `p` pads an event, so that its length says nothing of what is in it.
_OF_THE_STREAM: Final = frozenset({"contentBlockIndex", "p"})


def converse_answer(payloads: Sequence[JsonObject]) -> JsonObject | None:
    """The response of its events; None if none of them starts a message."""
    whole: JsonObject = {}
    message: JsonObject = {}
    blocks: dict[int, JsonObject] = {}
    for event in (event for payload in payloads for event in _events(payload)):
        index = as_count(event.get("contentBlockIndex")) or 0
        if "role" in event:
            message = {"role": event["role"]}
        elif "start" in event:
            blocks[index] = as_object(event["start"])
        elif "delta" in event:
            _add(blocks.setdefault(index, {}), as_object(event["delta"]))
        else:
            whole |= {name: said for name, said in event.items() if name not in _OF_THE_STREAM}
    if not message:
        return None
    content = [_finished(blocks[index]) for index in sorted(blocks)]
    return {"output": {"message": {**message, "content": content}}, **whole}


def _events(payload: JsonObject) -> Iterator[JsonObject]:
    """The event itself, or those that an object holds by their names."""
    named = [as_object(payload[name]) for name in _NAMES if name in payload]
    yield from named or [payload]


def _add(block: JsonObject, piece: JsonObject) -> None:
    """Texts grow, objects member by member; of citations and of a tool's results come some more."""
    for name, new in piece.items():
        old = block.get(name)
        if name == "citation":
            block["citations"] = [*as_list(block.get("citations")), new]
        elif name == "toolResult":
            results = as_list(as_object(old).get("content"))
            block[name] = as_object(old) | {"content": [*results, *as_list(new)]}
        elif isinstance(new, dict):
            inner = dict(as_object(old))
            _add(inner, new)
            block[name] = inner
        else:
            block[name] = as_text(old) + new if isinstance(new, str) else new


def _finished(block: JsonObject) -> JsonObject:
    """The block as it stands in a message, where that is not how its pieces came."""
    if "toolUse" in block:
        return block | {"toolUse": _call(as_object(block["toolUse"]))}
    reasoning = as_object(block.get("reasoningContent"))
    if reasoning and "redactedContent" not in reasoning:
        return block | {"reasoningContent": {"reasoningText": reasoning}}
    if "citations" in block:
        content = [{"text": block["text"]}] if "text" in block else []
        return {"citationsContent": {"content": content, "citations": block["citations"]}}
    return block


def _call(use: JsonObject) -> JsonObject:
    """A tool's input comes as pieces of JSON, as none if there is no input; what does not make up
    JSON stays text."""
    text = as_text(use.get("input"))
    value, malformed = parse_json(text or "{}")
    return use | {"input": text if malformed else value}
