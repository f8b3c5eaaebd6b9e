"""What answers where no recording does: models, no key, and that there is nothing."""

from typing import Literal
from urllib.parse import unquote

from streamlab.recording import Recording
from streamlab.replay.answer import (
    error_content,
    json_answer,
    miss_answer,
    model_answer,
    models_answer,
)
from streamlab.replay.match import Catalog

__all__ = ["Outcome", "refusal", "substitute"]

Outcome = Literal[
    "replayed",  # a recording answered
    "made",  # the server has an answer of its own
    "refused",  # the request lacked the key
    "missed",  # nothing answers this
]


def substitute(catalog: Catalog, method: str, target: str) -> tuple[Recording, Outcome]:
    """The answer to what no recording answers, and what it is."""
    path = target.partition("?")[0]
    if method in {"GET", "HEAD"} and path.endswith("/models"):
        return models_answer(catalog), "made"
    if method in {"GET", "HEAD"} and "/models/" in path:
        return model_answer(catalog, unquote(path.partition("/models/")[2])), "made"
    return miss_answer(catalog, method, target), "missed"


def refusal(target: str) -> Recording:
    """401 in the API's error shape."""
    message = "no API key, or a wrong one: this replay answers to the one it was started with"
    content = error_content(target, message, "authentication_error", code="invalid_api_key")
    return json_answer(401, content, ("WWW-Authenticate", "Bearer"))
