"""The whole GenerateContentResponse of Gemini's API, put together from those of its stream.

Source: https://ai.google.dev/api/generate-content. Texts grow; what else a part is comes whole.
"""

from collections.abc import Sequence

from streamlab.dialect.delta import as_count, as_list, as_object, as_text

__all__ = ["generated"]

JsonObject = dict[str, object]


def generated(responses: Sequence[JsonObject]) -> JsonObject | None:
    """The response of its pieces; None if none of them has candidates or feedback on the prompt."""
    responses = [each for each in responses if "candidates" in each or "promptFeedback" in each]
    if not responses:
        return None
    whole: JsonObject = {}
    candidates: dict[int, JsonObject] = {}
    for response in responses:
        for name, value in response.items():
            if name == "usageMetadata":  # counts so far
                whole[name] = as_object(whole.get(name)) | as_object(value)
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
        if parts and _continues(as_object(parts[-1]), part):
            last = as_object(parts[-1])
            parts[-1] = last | part | {"text": as_text(last.get("text")) + as_text(part["text"])}
        else:
            parts.append(part)
    whole |= {name: value for name, value in piece.items() if value is not None}
    whole["content"] = before | content | {"parts": parts}


def _continues(last: JsonObject, part: JsonObject) -> bool:
    """Text goes on with text, thoughts with thoughts."""
    return "text" in last and "text" in part and last.get("thought") == part.get("thought")
