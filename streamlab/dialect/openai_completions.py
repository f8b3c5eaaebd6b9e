"""OpenAI legacy completions: `choices[].text`, `object` is `text_completion` for chunks too.

Source: https://platform.openai.com/docs/api-reference/completions.
"""

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
from streamlab.dialect.openai_chat import read_choices

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


def _read(chunk: Chunk) -> tuple[Delta, ...]:
    return read_json(chunk, _read_chunk)


def _read_chunk(payload: dict[str, object]) -> tuple[Delta, ...]:
    return read_choices(payload, _read_text)


def _read_text(choice: dict[str, object], number: int) -> list[Delta]:
    text = as_text(choice.get("text"))
    return [Delta(kind="text", text=text, choice=number)] if text else []


OPENAI_COMPLETIONS = Dialect(name="openai.completions", detect=_detect, read=_read, ends="`[DONE]`")
