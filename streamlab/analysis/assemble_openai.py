"""The whole answers of OpenAI's APIs, put together from the chunks of their streams.

Sources: https://platform.openai.com/docs/api-reference/chat/object, /completions/object and
/responses/object; which fields come in pieces is what the SDKs' own accumulation goes by.
"""

from collections.abc import Callable, Sequence
from typing import Final

from streamlab.analysis.answer import is_same_call
from streamlab.dialect.delta import as_count, as_list, as_object, as_text

__all__ = ["chat_completion", "response", "text_completion"]

JsonObject = dict[str, object]

# Strings that are said once, or again with each piece; all others are pieces of one.
_LABELS: Final = frozenset({"id", "index", "name", "role", "type"})
# Mistral's parts of a content that go on in the next piece; any other comes whole.
_GROWING: Final = frozenset({"text", "thinking"})
# Of a chunk: what is read elsewhere, and padding against guesses from its length.
_NOT_COPIED: Final = frozenset({"choices", "obfuscation", "object", "usage"})
_LAST_EVENTS: Final = frozenset({"response.completed", "response.failed", "response.incomplete"})


def chat_completion(chunks: Sequence[JsonObject]) -> JsonObject | None:
    """The chat.completion of its chunks; None if none of them has choices."""
    return _whole(chunks, "chat.completion", _chat_choice)


def text_completion(chunks: Sequence[JsonObject]) -> JsonObject | None:
    """The text_completion of its chunks; None if none of them has choices."""
    return _whole(chunks, "text_completion", _text_choice)


def response(events: Sequence[JsonObject]) -> JsonObject | None:
    """The response that the last event of a Responses stream holds; None without such an event.

    A server that stores nothing leaves its output empty: then it is the items as they were done.
    """
    last = [event for event in events if as_text(event.get("type")) in _LAST_EVENTS]
    whole = as_object(last[-1].get("response")) if last else {}
    done = [event for event in events if event.get("type") == "response.output_item.done"]
    if done and whole.get("output") == []:
        items = {as_count(event.get("output_index")) or 0: event.get("item") for event in done}
        whole = whole | {"output": [items[index] for index in sorted(items)]}
    return whole or None


def _whole(
    chunks: Sequence[JsonObject], kind: str, choice_of: Callable[[list[JsonObject]], JsonObject]
) -> JsonObject | None:
    chunks = [chunk for chunk in chunks if isinstance(chunk.get("choices"), list)]
    if not chunks:
        return None
    whole: JsonObject = {"id": "", "object": kind, "created": 0, "model": ""}
    usage: JsonObject = {}
    pieces: dict[int, list[JsonObject]] = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name not in _NOT_COPIED and not whole.get(name):
                whole[name] = value
        # Groq's place for it; repeated usage is cumulative.
        counts = chunk.get("usage") or as_object(chunk.get("x_groq")).get("usage")
        usage = as_object(counts) or usage
        for piece in map(as_object, as_list(chunk["choices"])):
            pieces.setdefault(as_count(piece.get("index")) or 0, []).append(piece)
    whole["choices"] = [{"index": index, **choice_of(pieces[index])} for index in sorted(pieces)]
    return {**whole, "usage": usage} if usage else whole


def _chat_choice(pieces: list[JsonObject]) -> JsonObject:
    message: JsonObject = {}
    calls: list[JsonObject] = []
    for piece in pieces:
        delta = as_object(piece.get("delta"))
        _merge_calls(calls, as_list(delta.pop("tool_calls", None)))
        if isinstance(delta.get("content"), list) or isinstance(message.get("content"), list):
            message["content"] = _parts(message.get("content"))
            _merge_parts(as_list(message["content"]), _parts(delta.pop("content", None)))
        _merge(message, delta)
    shown: JsonObject = {
        "role": message.pop("role", None) or "assistant",
        "content": message.pop("content", None),
    }
    shown |= {name: value for name, value in message.items() if value is not None}
    if "refusal" in message:
        shown["refusal"] = message["refusal"]
    if calls:
        shown["tool_calls"] = [_without_index(call) for call in calls]
    return {"message": shown, **_beside(pieces, "delta")}


def _parts(content: object) -> list[object]:
    """Typed parts, which a string is one of."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return as_list(content)


def _merge_parts(parts: list[object], pieces: list[object]) -> None:
    """Add pieces of parts: text goes on with text, thinking (which holds parts) with thinking."""
    for piece in map(as_object, pieces):
        last = as_object(parts[-1]) if parts else {}
        if piece.get("type") not in _GROWING or piece.get("type") != last.get("type"):
            parts.append(piece)
            continue
        _merge_parts(as_list(last.get("thinking")), as_list(piece.pop("thinking", None)))
        _merge(last, piece)


def _text_choice(pieces: list[JsonObject]) -> JsonObject:
    text = "".join(as_text(piece.get("text")) for piece in pieces)
    return {"text": text, **_beside(pieces, "text")}


def _beside(pieces: list[JsonObject], increment: str) -> JsonObject:
    """What stands beside the increments: log probabilities, which add up; of the rest the last.

    Not so a `message`, which some servers send along with each delta.
    """
    logprobs: JsonObject = {}
    beside: JsonObject = {"finish_reason": None}
    for piece in pieces:
        for name, value in piece.items():
            if name == "logprobs":
                _merge(logprobs, {name: value})
            elif name not in {increment, "index", "message"} and value is not None:
                beside[name] = value
    return logprobs | beside


def _merge_calls(calls: list[JsonObject], pieces: list[object]) -> None:
    """Add the pieces of tool calls to those they belong to."""
    for piece in map(as_object, pieces):
        call = next((call for call in reversed(calls) if _is_same_call(call, piece)), None)
        if call is None:
            call = {"type": "function"}
            calls.append(call)
        _merge(call, piece)


def _is_same_call(call: JsonObject, piece: JsonObject) -> bool:
    name = as_object(piece.get("function")).get("name")
    return is_same_call(
        (call.get("id"), call.get("index")), (piece.get("id"), piece.get("index")), name
    )


def _without_index(call: JsonObject) -> JsonObject:
    return {"id": "", **{name: value for name, value in call.items() if name != "index"}}


def _merge(whole: JsonObject, piece: JsonObject) -> None:
    """Add a piece to what is there: strings and lists grow, objects field by field."""
    for name, new in piece.items():
        old = whole.get(name)
        match old, new:
            case (str(), str()) if name not in _LABELS:
                whole[name] = old + new
            case (list(), list()):
                old.extend(new)
            case (dict(), dict()):
                _merge(old, new)
            case _ if not old or (new is not None and name not in _LABELS):
                whole[name] = new
