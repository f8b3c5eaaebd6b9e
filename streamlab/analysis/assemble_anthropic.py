"""The whole message of Anthropic's API, put together from the events of its stream.

Source: https://docs.claude.com/en/docs/build-with-claude/streaming.
"""

from collections.abc import Sequence

from streamlab.dialect.delta import as_count, as_list, as_object, as_text, parse_json

__all__ = ["message"]

JsonObject = dict[str, object]


def message(events: Sequence[JsonObject]) -> JsonObject | None:
    """The message of its events; None if none of them starts one."""
    whole: JsonObject = {}
    blocks: dict[int, JsonObject] = {}
    for event in events:
        index = as_count(event.get("index")) or 0
        match event.get("type"):
            case "message_start":
                whole = as_object(event.get("message"))
            case "content_block_start":
                blocks[index] = as_object(event.get("content_block"))
            case "content_block_delta":
                _add(blocks.setdefault(index, {}), as_object(event.get("delta")))
            case "message_delta":
                whole |= as_object(event.get("delta"))
                whole["usage"] = as_object(whole.get("usage")) | _stated(event.get("usage"))
    if not whole:
        return None
    return {**whole, "content": [_finished(blocks[index]) for index in sorted(blocks)]}


def _stated(usage: object) -> JsonObject:
    """The counts that are stated; they are cumulative."""
    return {name: count for name, count in as_object(usage).items() if count is not None}


def _add(block: JsonObject, delta: JsonObject) -> None:
    for name, value in delta.items():
        if name == "type":
            continue
        if name == "citation":
            block["citations"] = [*as_list(block.get("citations")), value]
        elif isinstance(value, str):
            block[name] = as_text(block.get(name)) + value
        else:
            block[name] = value


def _finished(block: JsonObject) -> JsonObject:
    """A tool's input comes as pieces of JSON; what does not make up JSON stays text."""
    text = as_text(block.pop("partial_json", None))
    if text:
        value, malformed = parse_json(text)
        block["input"] = text if malformed else value
    return block
