"""Answers that no recording holds: the list of models, that there is no recording, and refusals."""

import json

from streamlab._http1 import response_head
from streamlab.recording import End, Header, Read, Recording, Request, Response
from streamlab.replay.match import Catalog, models

__all__ = ["error_response", "json_response", "substitute"]


def substitute(catalog: Catalog, method: str, target: str) -> Recording:
    """What answers a request that no recording answers, in the form of one; its id is ""."""
    if method == "GET" and target.partition("?")[0].endswith("/models"):
        return _models(catalog)
    return _miss(catalog, method, target)


def _models(catalog: Catalog) -> Recording:
    """`GET /v1/models` in the OpenAI API's shape: the models of the recorded requests."""
    listed = [
        {"id": name, "object": "model", "created": 0, "owned_by": "streamlab"}
        for name in models(catalog.recordings)
    ]
    return _answer(200, {"object": "list", "data": listed})


def _miss(catalog: Catalog, method: str, target: str) -> Recording:
    """503 in the OpenAI API's error shape: what was asked, and what there is.

    `x-should-retry: false` keeps the OpenAI SDKs from asking again: a miss stays a miss.
    """
    routes = ", ".join(map(str, catalog.routes())) or "none"
    message = f"no recording answers {method} {target}; recorded routes: {routes}"
    error = {"message": message, "type": "streamlab_no_recording", "code": "no_recording"}
    return _answer(503, {"error": {**error, "param": None}}, ("x-should-retry", "false"))


def _answer(status: int, content: object, *headers: Header) -> Recording:
    fields, body = _json(content, headers)
    return Recording(
        id="",
        request=Request(method="", url=""),
        response=Response(status=status, headers=fields, at_ns=0),
        reads=(Read(at_ns=0, data=body),),
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
