"""What answers a request: its recording, or what none holds, in the form of one whose id is "".

That is the list of models, that there is no recording, and refusals.
"""

import json

from streamlab._http1 import response_head
from streamlab.errors import NotFoundError
from streamlab.recording import End, Header, Read, Recording, Request, Response
from streamlab.replay.key import RequestKey, wanted_name
from streamlab.replay.match import Catalog
from streamlab.replay.miss import Miss, explain

__all__ = ["error_response", "find", "json_response", "substitute"]


def find(catalog: Catalog, key: RequestKey, headers: tuple[Header, ...]) -> Recording | None:
    """The recording that a request names (404, if there is no such), or else finds; None if it
    finds none."""
    which = wanted_name(headers, key.model)
    if which is None:
        return catalog.pick(key)
    try:
        return catalog.named(which)
    except NotFoundError as error:
        return _refusal(404, f"{error.message}; {error.hint}", "unknown_recording")


def substitute(
    catalog: Catalog, method: str, target: str, body: bytes
) -> tuple[Recording, Miss | None]:
    """What answers a request that finds no recording, and why it does not, if that is a miss."""
    if method == "GET" and target.partition("?")[0].endswith("/models"):
        return _models(catalog), None
    miss = explain(catalog, method, target, body)
    return _refusal(503, str(miss), "no_recording"), miss


def _models(catalog: Catalog) -> Recording:
    """`GET /v1/models` in the OpenAI API's shape: the models of the recorded requests."""
    listed = [
        {"id": name, "object": "model", "created": 0, "owned_by": "streamlab"}
        for name in catalog.models()
    ]
    return _answer(200, {"object": "list", "data": listed})


def _refusal(status: int, message: str, code: str) -> Recording:
    """An answer in the OpenAI API's error shape.

    `x-should-retry: false` keeps its SDKs from asking again: a miss stays a miss.
    """
    error = {"message": message, "type": f"streamlab_{code}", "code": code, "param": None}
    return _answer(status, {"error": error}, ("x-should-retry", "false"))


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
