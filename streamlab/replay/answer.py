"""Answers that no recording holds, in the form of one, or as bytes: how they are made."""

import json

from streamlab._http1 import response_head
from streamlab.recording import End, Header, Read, Recording, Request, Response

__all__ = ["error_content", "error_response", "json_answer", "json_response", "made_answer"]


def error_content(url: str, message: str, kind: str, *, code: str | None = None) -> object:
    """An error in the shape of the API that a URL belongs to: Anthropic's for messages, Ollama's
    for its paths, else OpenAI's."""
    path = url.partition("?")[0]
    if path.endswith(("/messages", "/messages/count_tokens")):
        return {"type": "error", "error": {"type": kind, "message": message}}
    if path.endswith(("/api/chat", "/api/generate")):
        return {"error": message}
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


def json_answer(status: int, content: object, *headers: Header) -> Recording:
    """An answer with `content` as its body, in the form of a recording; its id is ""."""
    fields, body = _json(content, headers)
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


def json_response(status: int, content: object, *headers: Header) -> bytes:
    """A whole response with `content` as its body."""
    fields, body = _json(content, headers)
    return response_head(status, fields) + body


def error_response(status: int, message: str, kind: str, *headers: Header) -> bytes:
    """A whole response in the OpenAI API's error shape."""
    error = {"message": message, "type": kind, "code": None, "param": None}
    return json_response(status, {"error": error}, *headers)


def _json(content: object, headers: tuple[Header, ...]) -> tuple[tuple[Header, ...], bytes]:
    """Header fields and body."""
    body = json.dumps(content).encode()
    fields = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return (*fields, *headers), body
