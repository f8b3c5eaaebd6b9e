"""Whole answers: a recorded stream for a client that did not ask for one, and the other way round.

The form that was asked for is the request's `stream`, as OpenAI's and Anthropic's APIs and those
that are modelled on them have it, or the path says it (`counterpart`), as Gemini's and Bedrock's.
"""

import json
from dataclasses import replace
from typing import Any, Final, Literal

from streamlab.framing import announced
from streamlab.recording import End, Header, Read, Recording, Response, media_type
from streamlab.replay.answer import error_content
from streamlab.replay.counterpart import asks_stream
from streamlab.replay.key import path_and_query
from streamlab.schedule import Finish, schedule

__all__ = ["Form", "asked_form", "in_form"]

Form = Literal[
    "recorded",  # as it is
    "whole",  # a stream was recorded, and is not asked for
    "noted",  # a stream is asked for, and the answer was recorded without: that, with a note
]

_NOTE: Final = ("X-Streamlab-Note", "recorded without streaming")

# These describe the stream's bytes on the wire.
_OF_THE_STREAM: Final = frozenset(
    {"content-encoding", "content-length", "content-type", "trailer", "transfer-encoding"}
)


def asked_form(recording: Recording, path: str, body: bytes) -> Form:
    """The form in which a request for this path (of its route), with this body, wants the
    recording."""
    asks_by_path = asks_stream(path)
    if asks_by_path is None:
        return _form_by_body(recording, body)
    recorded_path, _ = path_and_query(recording.request.url)
    has_stream = asks_stream(recorded_path)
    if has_stream is None or has_stream == asks_by_path:
        return _form_by_body(recording, body)
    return _form_by_path(recording, body, has_stream=has_stream)


def _form_by_path(recording: Recording, body: bytes, *, has_stream: bool) -> Form:
    """Where one path asks for a stream, as that of the recording does if it `has_stream`, and the
    other does not, it is the asked path that decides; or the body, if it has a `stream`, too."""
    said = _json_object(body).get("stream")
    wants_stream = said if isinstance(said, bool) else not has_stream
    if has_stream and not wants_stream:
        return "whole"
    if wants_stream and not has_stream and _is_json(recording.response):
        return "noted"
    return "recorded"


def _form_by_body(recording: Recording, body: bytes) -> Form:
    """A stream is not wanted if it was recorded for `"stream": true` and the request says false, or
    says nothing about it, but something else that the recorded one said, too: a probe such as `{}`
    gets what there is. Where the recorded request did not ask for a stream in that way, its answer
    is as recorded; but JSON lines, which Ollama sends unasked, are not wanted by a plain false.
    """
    if body == recording.request.body:
        return "recorded"
    asked, recorded = _json_object(body), _json_object(recording.request.body)
    asks_for, has_stream = asked.get("stream"), recorded.get("stream") is True
    is_alike = bool(asked.keys() & recorded.keys() - {"stream"})
    if has_stream and (asks_for is False or (asks_for is None and is_alike)):
        return "whole"
    if asks_for is False and "stream" not in recorded and _is_json_lines(recording.response):
        return "whole"
    if asks_for is True and not has_stream and _is_json(recording.response):
        return "noted"
    return "recorded"


def in_form(recording: Recording, form: Form) -> Recording:
    """The recording in that form.

    The answer to a request for no stream is there when the stream has ended. A stream that did not
    come to its end has no such answer: the connection ends as it did. One of an API that is not
    known gives a 406 that says so; what is no stream stays as it is.
    """
    response = recording.response
    if form == "whole":
        return _whole(recording)
    if form == "noted" and response is not None:
        return replace(recording, response=replace(response, headers=(*response.headers, _NOTE)))
    return recording


def _whole(recording: Recording) -> Recording:
    # A replay that nobody asks for a whole answer need not read streams: 50 ms of import.
    from streamlab.analysis import assemble  # noqa: PLC0415
    from streamlab.timeline import arrivals  # noqa: PLC0415

    response = recording.response
    if response is None or not (announced(media_type(response.headers)) or arrivals(recording)):
        return recording
    ending = schedule(recording).actions[-1]
    if not isinstance(ending, Finish):
        return replace(recording, response=None, reads=())
    try:
        assembled = assemble(recording)
        body = b"" if assembled is None else json.dumps(assembled.content).encode()
    except RecursionError:
        assembled = None
    if assembled is None:
        return _answered(recording, 406, (), json.dumps(_not_acceptable(recording)).encode(), 0)
    # The API would have told a failure by its status, had it not begun to stream.
    status = 500 if assembled.is_error and response.status < 400 else response.status
    return _answered(recording, status, response.headers, body, ending.at_ns)


def _answered(
    recording: Recording, status: int, headers: tuple[Header, ...], body: bytes, at_ns: int
) -> Recording:
    """The recording with another answer, all of which comes at `at_ns`."""
    fields = (
        *(pair for pair in headers if pair[0].lower() not in _OF_THE_STREAM),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
    )
    return replace(
        recording,
        response=Response(status=status, headers=fields, at_ns=at_ns),
        reads=(Read(at_ns=at_ns, data=body),),
        end=End(at_ns=at_ns, reason="complete"),
    )


def _not_acceptable(recording: Recording) -> object:
    message = (
        f"recording {recording.id} is a stream, and how its API answers without one is not known"
    )
    return error_content(recording.request.url, message, "invalid_request_error")


def _is_json_lines(response: Response | None) -> bool:
    return response is not None and announced(media_type(response.headers)) == "json-lines"


def _is_json(response: Response | None) -> bool:
    return response is not None and media_type(response.headers) == "application/json"


def _json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request's body; an empty one if it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
