"""Answers that no recording holds: the list of models, and that there is no recording."""

import json

from streamlab.recording import End, Read, Recording, Request, Response
from streamlab.replay.match import Catalog, models
from streamlab.replay.script import Script, script
from streamlab.schedule import schedule

__all__ = ["miss_answer", "models_answer", "substitute"]


def substitute(catalog: Catalog, method: str, target: str) -> Recording:
    """What answers a request that no recording answers, in the form of one; its id is ""."""
    if method == "GET" and target.partition("?")[0].endswith("/models"):
        return _models(catalog)
    return _miss(catalog, method, target)


def models_answer(catalog: Catalog) -> Script:
    """`GET /v1/models` in the OpenAI API's shape: the models of the recorded requests."""
    return _script(_models(catalog))


def miss_answer(catalog: Catalog, method: str, target: str) -> Script:
    """503 in the OpenAI API's error shape: what was asked, and what there is.

    `x-should-retry: false` keeps the OpenAI SDKs from asking again: a miss stays a miss.
    """
    return _script(_miss(catalog, method, target))


def _models(catalog: Catalog) -> Recording:
    listed = [
        {"id": name, "object": "model", "created": 0, "owned_by": "streamlab"}
        for name in models(catalog.recordings)
    ]
    return _json_answer(200, {"object": "list", "data": listed})


def _miss(catalog: Catalog, method: str, target: str) -> Recording:
    routes = ", ".join(map(str, catalog.routes())) or "none"
    message = f"no recording answers {method} {target}; recorded routes: {routes}"
    error = {"message": message, "type": "streamlab_no_recording", "code": "no_recording"}
    return _json_answer(503, {"error": {**error, "param": None}}, ("x-should-retry", "false"))


def _json_answer(status: int, content: object, *headers: tuple[str, str]) -> Recording:
    body = json.dumps(content).encode()
    fields = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        *headers,
    )
    return Recording(
        id="",
        request=Request(method="", url=""),
        response=Response(status=status, headers=fields, at_ns=0),
        reads=(Read(at_ns=0, data=body),),
        end=End(at_ns=0, reason="complete"),
    )


def _script(answer: Recording) -> Script:
    return script(schedule(answer), http_version="1.1")
