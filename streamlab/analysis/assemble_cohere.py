"""The whole answer of Cohere's chat, version 2, put together from the events of its stream.

Source: https://docs.cohere.com/v2/reference/chat.
"""

from collections.abc import Sequence

from streamlab.dialect.delta import as_count, as_list, as_object, as_text

__all__ = ["chat_answer"]

JsonObject = dict[str, object]


def chat_answer(events: Sequence[JsonObject]) -> JsonObject | None:
    """The answer of its events; None if none of them starts a message."""
    whole: JsonObject = {}
    message: JsonObject = {}
    parts: dict[tuple[str, int], JsonObject] = {}
    for event in events:
        delta = as_object(event.get("delta"))
        piece = as_object(delta.get("message"))
        index = as_count(event.get("index")) or 0
        match event.get("type"):
            case "message-start":
                whole = {"id": event.get("id")}
                message = {"role": "assistant"} | _said(piece)
            case "content-start" | "content-delta":
                _add(parts.setdefault(("content", index), {}), as_object(piece.get("content")))
            case "tool-call-start" | "tool-call-delta":
                _add(
                    parts.setdefault(("tool_calls", index), {}), as_object(piece.get("tool_calls"))
                )
            case "tool-plan-delta":
                _add(message, {"tool_plan": piece.get("tool_plan")})
            case "citation-start":
                citations = as_list(message.get("citations"))
                message["citations"] = [*citations, piece.get("citations")]
            case "message-end":
                whole |= delta
    if not message:
        return None
    for field, index in sorted(parts):
        message[field] = [*as_list(message.get(field)), parts[field, index]]
    return {**whole, "message": message}


def _said(message: JsonObject) -> JsonObject:
    """What a message starts with: its role, and fields that are empty so far."""
    return {name: value for name, value in message.items() if value not in ("", [], None)}


def _add(whole: JsonObject, piece: JsonObject) -> None:
    """Add a piece: texts grow, objects field by field, labels are said once."""
    for name, new in piece.items():
        old = whole.get(name)
        if isinstance(new, dict):
            inner = dict(as_object(old))
            _add(inner, new)
            whole[name] = inner
        elif isinstance(new, str) and name not in {"id", "name", "type"}:
            whole[name] = as_text(old) + new
        else:
            whole[name] = new
