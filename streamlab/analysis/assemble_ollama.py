"""The whole answer of Ollama's own chat and generate, put together from the lines of its stream.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md. The last line has all that is not in
pieces: why it ended, and what it took.
"""

from collections.abc import Sequence

from streamlab.dialect.delta import as_list, as_object, as_text

__all__ = ["ollama_answer"]

JsonObject = dict[str, object]


def ollama_answer(lines: Sequence[JsonObject]) -> JsonObject | None:
    """The answer of its lines; None if none of them is the last."""
    last = next((line for line in reversed(lines) if line.get("done") is True), None)
    if last is None:
        return None
    whole = dict(last)
    for field in ("response", "thinking"):
        if any(field in line for line in lines):
            whole[field] = "".join(as_text(line.get(field)) for line in lines)
    messages = [as_object(line["message"]) for line in lines if "message" in line]
    if messages:
        whole["message"] = _message(messages)
    return whole


def _message(messages: list[JsonObject]) -> JsonObject:
    """Texts add up, and so do the tool calls, each of which comes whole."""
    whole: JsonObject = {}
    for message in messages:
        for name, new in message.items():
            old = whole.get(name)
            if name in {"content", "thinking"}:
                whole[name] = as_text(old) + as_text(new)
            elif name == "tool_calls":
                whole[name] = [*as_list(old), *as_list(new)]
            else:
                whole[name] = new
    return whole
