"""OpenAI legacy completions: `choices[].text`, `object` is `text_completion` for chunks too.

Source: https://platform.openai.com/docs/api-reference/completions.
"""

from streamlab.dialect.delta import Clue, Delta, Dialect, as_list, as_object, as_text, read_json
from streamlab.dialect.openai_chat import read_error, read_usage
from streamlab.sse import Event

__all__ = ["OPENAI_COMPLETIONS"]


def _detect(clue: Clue) -> str | None:
    payload = as_object(clue.payload)
    if payload.get("object") == "text_completion":
        return 'object is "text_completion"'
    if any("text" in as_object(choice) for choice in as_list(payload.get("choices"))):
        return "choices[] hold a text"
    if "error" in payload and clue.url_path.endswith("/completions"):
        return "an error object from a path that ends in /completions"
    return None


def _read(event: Event) -> tuple[Delta, ...]:
    return read_json(event, _read_chunk)


def _read_chunk(payload: dict[str, object]) -> tuple[Delta, ...]:
    deltas = [*read_error(payload)]
    for choice in map(as_object, as_list(payload.get("choices"))):
        deltas += _read_choice(choice)
    return (*deltas, *read_usage(payload))


def _read_choice(choice: dict[str, object]) -> list[Delta]:
    index = choice.get("index")
    number = index if isinstance(index, int) else 0
    deltas = []
    if text := as_text(choice.get("text")):
        deltas.append(Delta(kind="text", text=text, choice=number))
    if finish_reason := as_text(choice.get("finish_reason")):
        deltas.append(Delta(kind="finish", finish_reason=finish_reason, choice=number))
    return deltas or [Delta(kind="empty", choice=number)]


OPENAI_COMPLETIONS = Dialect(name="openai.completions", detect=_detect, read=_read)
