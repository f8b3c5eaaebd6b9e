"""What each API is asked, and where its text is. The clients beside this file read the answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

__all__ = ["APIS", "OPENAI", "Api"]


@dataclass(frozen=True, kw_only=True)
class Api:
    """`path` goes behind the base URL, `body` is sent as JSON; both are made from the prompt.

    `text_of` is the text in the data of one event. It raises what json.loads raises, and
    RuntimeError for an error that the API reports in its stream.
    """

    method: str
    path: Callable[[str], str]
    body: Callable[[str], object]
    text_of: Callable[[str], str]


def chat_text(data: str) -> str:
    """The text of a chat.completion.chunk; "" where there is none: a role, the usage, a status."""
    payload = json_object(data)
    choices = payload.get("choices") or []
    return "".join((choice.get("delta") or {}).get("content") or "" for choice in choices)


def field_text(name: str) -> Callable[[str], str]:
    """The text of an object that has one field."""
    return lambda data: json_object(data).get(name) or ""


def json_object(data: str) -> dict:
    payload = json.loads(data)
    if not isinstance(payload, dict):
        return {}
    if payload.get("error"):
        raise RuntimeError(payload["error"])
    return payload


def messages(prompt: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}]


OPENAI = Api(
    method="POST",
    path=lambda _: "/chat/completions",
    body=lambda prompt: {"model": "any", "messages": messages(prompt), "stream": True},
    text_of=chat_text,
)

APIS = {
    "openai": OPENAI,
    "fastgpt": Api(
        method="POST",
        path=lambda _: "/chat/completions",
        body=lambda prompt: {"stream": True, "detail": True, "messages": messages(prompt)},
        text_of=chat_text,
    ),
    "sekuire": Api(
        method="GET",
        path=lambda prompt: f"/chat/stream?message={quote(prompt)}",
        body=lambda _: None,
        text_of=field_text("chunk"),
    ),
    "savegate": Api(
        method="POST",
        path=lambda _: "/stream",
        body=lambda prompt: {"prompt": prompt},
        text_of=field_text("content"),
    ),
    "assisters": Api(
        method="POST",
        path=lambda _: "/api/chat",
        body=lambda prompt: {"messages": messages(prompt)},
        text_of=str,
    ),
}
