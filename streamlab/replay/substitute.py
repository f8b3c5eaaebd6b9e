"""What answers where no recording does: models, a preflight, no key, and that there is nothing."""

from typing import Literal
from urllib.parse import unquote

from streamlab._http1 import HttpRequest
from streamlab.replay.answer import (
    error_content,
    json_answer,
    miss_answer,
    model_answer,
    models_answer,
)
from streamlab.replay.cors import is_preflight, preflight_answer
from streamlab.replay.match import Catalog
from streamlab.replay.script import Script

__all__ = ["Outcome", "refusal", "substitute"]

Outcome = Literal[
    "replayed",  # a recording answered
    "made",  # the server has an answer of its own
    "refused",  # the request lacked the key
    "missed",  # nothing answers this
]


def substitute(catalog: Catalog, request: HttpRequest, target: str) -> tuple[Script, Outcome]:
    """The answer to what no recording answers, and what it is."""
    if is_preflight(request):
        return preflight_answer(request), "made"
    path = target.partition("?")[0]
    if request.method in {"GET", "HEAD"} and path.endswith("/models"):
        return models_answer(catalog), "made"
    if request.method in {"GET", "HEAD"} and "/models/" in path:
        return model_answer(catalog, unquote(path.partition("/models/")[2])), "made"
    return miss_answer(catalog, request.method, target), "missed"


def refusal(target: str) -> Script:
    """401 in the API's error shape."""
    message = "no API key, or a wrong one: this replay answers to the one it was started with"
    content = error_content(target, message, "authentication_error", code="invalid_api_key")
    return json_answer(401, content, ("WWW-Authenticate", "Bearer"))
