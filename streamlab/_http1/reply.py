"""Whole responses of a server's own: JSON, and errors in the shape of the OpenAI API's."""

import json

from streamlab._http1.wire import response_head
from streamlab.recording import Header

__all__ = ["error_response", "json_message", "json_response", "openai_error"]


def openai_error(message: str, kind: str, *, code: str | None = None) -> object:
    """The body of an error, as the OpenAI API has it."""
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


def json_message(content: object, *headers: Header) -> tuple[tuple[Header, ...], bytes]:
    """The header fields and the body of a message with `content` as its body."""
    body = json.dumps(content).encode()
    fields = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return (*fields, *headers), body


def json_response(status: int, content: object, *headers: Header) -> bytes:
    """A whole response with `content` as its body."""
    fields, body = json_message(content, *headers)
    return response_head(status, fields) + body


def error_response(status: int, message: str, kind: str, *headers: Header) -> bytes:
    """A whole response in the OpenAI API's error shape."""
    return json_response(status, openai_error(message, kind), *headers)
