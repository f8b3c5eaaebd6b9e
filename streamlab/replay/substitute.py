"""Which recording answers; and what does where none is found: models, no key, nothing at all."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from streamlab._http1 import openai_error
from streamlab.errors import InputError, NotFoundError
from streamlab.recording import Header, Recording
from streamlab.replay.answer import error_content, json_answer
from streamlab.replay.key import RequestKey, wanted_name
from streamlab.replay.match import Catalog
from streamlab.replay.miss import Miss, explain
from streamlab.replay.whole import Form, asked_form

__all__ = ["Answer", "Outcome", "find", "no_fault", "refusal", "substitute"]

Outcome = Literal[
    "replayed",  # a recording answered
    "made",  # the server has an answer of its own
    "live",  # the real API behind the server answered
    "refused",  # the request lacked the key, or asked for what there is not
    "missed",  # nothing answers this
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What answers a request: a recording, or what is made in the form of one (its id is "").
    `path` is that of the route it was found for; `miss` says why it is a miss, if it is."""

    recording: Recording
    path: str = ""
    outcome: Outcome = "replayed"
    miss: Miss | None = None

    def form(self, body: bytes) -> Form:
        """The form in which a request with this body wants it; what is no recording has one."""
        is_replayed = self.outcome == "replayed"
        return asked_form(self.recording, self.path, body) if is_replayed else "recorded"


def find(catalog: Catalog, key: RequestKey, headers: tuple[Header, ...]) -> Answer | None:
    """The recording that a request names (404, if there is no such), or else finds; None if it
    finds none."""
    which = wanted_name(headers, key.model)
    try:
        recording = catalog.pick(key) if which is None else catalog.named(which)
    except NotFoundError as error:
        message = f"{error.message}; {error.hint}"
        return Answer(recording=_refusal(404, message, "unknown_recording"), outcome="refused")
    return None if recording is None else Answer(recording=recording, path=key.route.path)


def substitute(catalog: Catalog, method: str, target: str, body: bytes) -> Answer:
    """What answers a request that finds no recording."""
    path = target.partition("?")[0]
    if method in {"GET", "HEAD"} and path.endswith("/models"):
        return Answer(recording=_models(catalog), outcome="made")
    if method in {"GET", "HEAD"} and "/models/" in path:
        name = unquote(path.partition("/models/")[2])
        return Answer(recording=_named_model(catalog, name), outcome="made")
    miss = explain(catalog, method, target, body)
    return Answer(recording=_refusal(503, str(miss), "no_recording"), outcome="missed", miss=miss)


def _models(catalog: Catalog) -> Recording:
    """`GET /v1/models` in the OpenAI API's shape: the models of the recorded requests."""
    listed = [_model(name) for name in catalog.models()]
    return json_answer(200, {"object": "list", "data": listed})


def _named_model(catalog: Catalog, name: str) -> Recording:
    """`GET /v1/models/{name}`, likewise; 404 if no recorded request asks for that model."""
    if name in catalog.models():
        return json_answer(200, _model(name))
    message = f"no recorded request asks for the model {name!r}"
    error = openai_error(message, "invalid_request_error", code="model_not_found")
    return json_answer(404, error)


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "streamlab"}


def _refusal(status: int, message: str, code: str) -> Recording:
    """An answer in the OpenAI API's error shape.

    `x-should-retry: false` keeps its SDKs from asking again: a miss stays a miss.
    """
    error = openai_error(message, f"streamlab_{code}", code=code)
    return json_answer(status, error, ("x-should-retry", "false"))


def refusal(target: str) -> Answer:
    """401 in the API's error shape."""
    message = "no API key, or a wrong one: this replay answers to the one it was started with"
    content = error_content(target, message, "authentication_error", code="invalid_api_key")
    recording = json_answer(401, content, ("WWW-Authenticate", "Bearer"))
    return Answer(recording=recording, outcome="refused")


def no_fault(error: InputError) -> Answer:
    """400 in the OpenAI API's error shape: a client asks for a fault that there is not."""
    message = f"X-Streamlab-Fault: {error.message} ({error.hint})"
    recording = json_answer(400, openai_error(message, "streamlab_fault_error"))
    return Answer(recording=recording, outcome="refused")
