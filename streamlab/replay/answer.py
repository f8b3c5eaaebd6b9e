"""Answers that no recording holds, in the form of one: how they are made."""

from streamlab._http1 import json_message, openai_error
from streamlab.recording import End, Header, Read, Recording, Request, Response

__all__ = ["error_content", "json_answer", "made_answer"]


def error_content(url: str, message: str, kind: str, *, code: str | None = None) -> object:
    """An error in the shape of the API that a URL belongs to: Anthropic's for messages, Ollama's
    for its paths, else OpenAI's."""
    path = url.partition("?")[0]
    if path.endswith(("/messages", "/messages/count_tokens")):
        return {"type": "error", "error": {"type": kind, "message": message}}
    if path.endswith(("/api/chat", "/api/generate")):
        return {"error": message}
    return openai_error(message, kind, code=code)


def json_answer(status: int, content: object, *headers: Header) -> Recording:
    """An answer with `content` as its body, in the form of a recording; its id is ""."""
    fields, body = json_message(content, *headers)
    return made_answer(status, fields, body)


def made_answer(status: int, headers: tuple[Header, ...], body: bytes = b"") -> Recording:
    """An answer in the form of a recording, so that it is performed as one."""
    return Recording(
        id="",
        request=Request(method="", url=""),
        response=Response(status=status, headers=headers, at_ns=0),
        reads=(Read(at_ns=0, data=body),) if body else (),
        end=End(at_ns=0, reason="complete"),
    )
