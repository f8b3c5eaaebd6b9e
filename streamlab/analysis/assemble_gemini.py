"""The whole GenerateContentResponse of Gemini's API, put together from those of its stream.

Sources: https://ai.google.dev/api/generate-content, and FunctionCall in Vertex AI's reference.
Texts grow; what else a part is comes whole, but for calls whose arguments Vertex AI was asked to
stream.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streamlab.dialect.delta import as_count, as_list, as_object, as_text
from streamlab.errors import InputError
from streamlab.redaction.json_path import parse_path

__all__ = ["generated"]

JsonObject = dict[str, object]

# What a piece of arguments holds, one of these.
_VALUES: Final = ("stringValue", "numberValue", "boolValue")


def generated(responses: Sequence[JsonObject]) -> JsonObject | None:
    """The response of its pieces; None if none of them has candidates or feedback on the prompt."""
    responses = [each for each in responses if "candidates" in each or "promptFeedback" in each]
    if not responses:
        return None
    whole: JsonObject = {}
    candidates: dict[int, JsonObject] = {}
    for response in responses:
        for name, value in response.items():
            if (
                name == "usageMetadata"
            ):  # counts so far; where a total stands, what is not told is 0
                before = {} if "totalTokenCount" in as_object(value) else whole.get(name)
                whole[name] = as_object(before) | as_object(value)
            elif name != "candidates" and value is not None:
                whole[name] = value
        for candidate in map(as_object, as_list(response.get("candidates"))):
            _add(candidates.setdefault(as_count(candidate.get("index")) or 0, {}), candidate)
    return {"candidates": [candidates[index] for index in sorted(candidates)], **whole}


def _add(whole: JsonObject, piece: JsonObject) -> None:
    """Of content the parts add up; of all else the last."""
    content = as_object(piece.get("content"))
    before = as_object(whole.get("content"))
    parts = [*as_list(before.get("parts"))]
    for part in map(as_object, as_list(content.get("parts"))):
        last = as_object(parts[-1]) if parts else {}
        if _continues(last, part):
            parts[-1] = last | part | {"text": as_text(last.get("text")) + as_text(part["text"])}
        elif _is_streamed(last) and "functionCall" in part:
            parts[-1] = last | {"functionCall": _call(last, part)}
        elif _is_streamed(part):
            parts.append(part | {"functionCall": _call({}, part)})
        else:
            parts.append(part)
    whole |= {name: value for name, value in piece.items() if value is not None}
    whole["content"] = before | content | {"parts": parts}


def _continues(last: JsonObject, part: JsonObject) -> bool:
    """Text goes on with text, thoughts with thoughts."""
    return "text" in last and "text" in part and last.get("thought") == part.get("thought")


def _is_streamed(part: JsonObject) -> bool:
    """Whether more of the part's call is to come."""
    return as_object(part.get("functionCall")).get("willContinue") is True


def _call(last: JsonObject, part: JsonObject) -> JsonObject:
    """A call with one more of its pieces; an empty one is the last."""
    call, piece = as_object(last.get("functionCall")), as_object(part["functionCall"])
    args: JsonObject = as_object(call.get("args"))
    for value in map(as_object, as_list(piece.get("partialArgs"))):
        _put(args, value)
    whole = call | piece | {"args": args}
    whole.pop("partialArgs", None)
    if not _is_streamed(part):
        whole.pop("willContinue", None)
    return whole


def _put(args: JsonObject, value: JsonObject) -> None:
    """Put a value at its path, or more of a text; nowhere if the path leads to no one place."""
    try:
        path = parse_path(as_text(value.get("jsonPath")))
    except InputError:
        return
    keys = [None if segment.is_deep else segment.key for segment in path]
    if None in keys:
        return
    place: object = args
    for key, following in pairwise(keys):
        inner = _get(place, key)
        if inner is None:
            inner = [] if isinstance(following, int) else {}
            _set(place, key, inner)
        place = inner
    for key in keys[-1:]:
        new = next((value[name] for name in _VALUES if name in value), None)
        old = _get(place, key)
        _set(place, key, old + new if isinstance(old, str) and isinstance(new, str) else new)


def _get(place: object, key: str | int | None) -> object:
    match place, key:
        case dict(), str():
            return place.get(key)
        case list(), int() if key < len(place):
            return place[key]
    return None


def _set(place: object, key: str | int | None, value: object) -> None:
    """Elements come one after the other: one far behind the last would fill the memory."""
    match place, key:
        case dict(), str():
            place[key] = value
        case list(), int() if key < len(place):
            place[key] = value
        case list(), int() if key == len(place):
            place.append(value)
