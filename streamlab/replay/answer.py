"""Answers that no recording holds: the list of models, and that there is no recording."""

import json

from streamlab._http1 import response_head
from streamlab.errors import NotFoundError
from streamlab.replay.match import Catalog
from streamlab.replay.miss import Miss
from streamlab.replay.script import Script, Step
from streamlab.schedule import Finish

__all__ = [
    "error_response",
    "json_response",
    "miss_answer",
    "models_answer",
    "unknown_answer",
]


def models_answer(catalog: Catalog) -> Script:
    """`GET /v1/models` in the OpenAI API's shape: the models of the recorded requests."""
    listed = [
        {"id": name, "object": "model", "created": 0, "owned_by": "streamlab"}
        for name in catalog.models()
    ]
    return _json_answer(200, {"object": "list", "data": listed})


def miss_answer(miss: Miss) -> Script:
    """503: what was asked, and what there is.

    `x-should-retry: false` keeps the OpenAI SDKs from asking again: a miss stays a miss.
    """
    return _refusal(503, str(miss), "no_recording")


def unknown_answer(error: NotFoundError) -> Script:
    """404: the request names a recording that is not there."""
    return _refusal(404, f"{error.message}; {error.hint}", "unknown_recording")


def json_response(status: int, content: object, *headers: tuple[str, str]) -> bytes:
    """A whole response with `content` as its body."""
    body = json.dumps(content).encode()
    fields = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *headers,
    )
    return response_head(status, fields) + body


def error_response(status: int, message: str, kind: str, *headers: tuple[str, str]) -> bytes:
    """A whole response in the OpenAI API's error shape."""
    error = {"message": message, "type": kind, "code": None, "param": None}
    return json_response(status, {"error": error}, *headers)


def _refusal(status: int, message: str, code: str) -> Script:
    """An answer in the OpenAI API's error shape that its SDKs do not ask for again."""
    error = {"message": message, "type": f"streamlab_{code}", "code": code, "param": None}
    return _json_answer(status, {"error": error}, ("x-should-retry", "false"))


def _json_answer(status: int, content: object, *headers: tuple[str, str]) -> Script:
    step = Step(0, json_response(status, content, *headers))
    return Script(recording_id="", steps=(step,), ending=Finish(at_ns=0), can_keep_alive=True)
