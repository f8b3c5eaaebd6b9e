"""Answers that no recording holds: the list of models, that there is no recording, and refusals."""

import json

from streamlab._http1 import response_head
from streamlab.recording import End, Header, Read, Recording, Request, Response
from streamlab.replay.match import Catalog, models

__all__ = [
    "error_content",
    "error_response",
    "json_answer",
    "json_response",
    "made_answer",
    "miss_answer",
    "model_answer",
    "models_answer",
]


def models_answer(catalog: Catalog) -> Recording:
    """`GET /v1/models` in the OpenAI API's shape: the models of the recorded requests."""
    listed = [_model(name) for name in models(catalog.recordings)]
    return json_answer(200, {"object": "list", "data": listed})


def model_answer(catalog: Catalog, name: str) -> Recording:
    """`GET /v1/models/{name}`, likewise; 404 if no recorded request asks for that model."""
    if name in models(catalog.recordings):
        return json_answer(200, _model(name))
    message = f"no recorded request asks for the model {name!r}"
    error = {"message": message, "type": "invalid_request_error", "code": "model_not_found"}
    return json_answer(404, {"error": {**error, "param": None}})


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "streamlab"}


def miss_answer(catalog: Catalog, method: str, target: str) -> Recording:
    """503 in the OpenAI API's error shape: what was asked, and what there is.

    `x-should-retry: false` keeps the OpenAI SDKs from asking again: a miss stays a miss.
    """
    routes = ", ".join(map(str, catalog.routes())) or "none"
    message = f"no recording answers {method} {target}; recorded routes: {routes}"
    error = {"message": message, "type": "streamlab_no_recording", "code": "no_recording"}
    return json_answer(503, {"error": {**error, "param": None}}, ("x-should-retry", "false"))


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
