"""VCR.py cassettes, version 1, as YAML or JSON (https://vcrpy.readthedocs.io): never timed."""

import json
import re
from typing import Final

from streamlab.errors import InputError, StreamlabError
from streamlab.interop.assemble import untimed
from streamlab.interop.bodies import kind_of
from streamlab.interop.document import Node
from streamlab.recording import Header, Recording, Request, Response

__all__ = ["looks_like_vcr", "read_vcr"]

_JSON_START: Final = re.compile(rb'\s*\{\s*"(?:version|interactions)"\s*:')
_YAML_START: Final = re.compile(rb"^interactions\s*:", re.MULTILINE)
_BYTES_LOOKED_AT: Final = 65_536
_HINT: Final = "a cassette of VCR.py, version 1, is expected: interactions of request and response"


def looks_like_vcr(data: bytes) -> bool:
    """Whether it is an object with `interactions`, in YAML or JSON."""
    if _JSON_START.match(data):
        return b'"interactions"' in data
    return _YAML_START.search(data[:_BYTES_LOOKED_AT]) is not None


def read_vcr(data: bytes, file: str, *, every: bool = False) -> list[Recording]:
    """The recordings of the interactions that are streams, or of `every` interaction.

    InputError if the file is no such cassette or holds none; StreamlabError if it is YAML and
    PyYAML is not installed.
    """
    document = Node(_parse(data, file), file, _HINT)
    if document.number("version", 1) != 1:
        raise document.error("only version 1 of the format is known here")
    interactions = document.parts("interactions")
    chosen = [each for each in interactions if every or kind_of(_response_headers(each))]
    if not chosen:
        hint = "take every interaction with --all" if interactions else _HINT
        raise InputError(f"{file}: none of {len(interactions)} interactions is a stream", hint)
    return [_recording(each, file, place) for place, each in enumerate(chosen)]


def _parse(data: bytes, file: str) -> object:
    if not _JSON_START.match(data):
        return _parse_yaml(data, file)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}", _HINT) from error


def _parse_yaml(data: bytes, file: str) -> object:
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError as error:
        hint = "pip install 'streamlab-toolkit[vcr]'"
        raise StreamlabError(f"{file} is YAML, and PyYAML is not installed", hint) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(data, Loader=loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{file}{_yaml_problem(error)}", _HINT) from error


def _yaml_problem(error: Exception) -> str:
    """Where and what, without the text around it, which may hold anything."""
    mark = getattr(error, "problem_mark", None)
    place = f":{mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None)
    return f"{place}: not YAML: {problem or type(error).__name__}"


def _recording(interaction: Node, file: str, place: int) -> Recording:
    response = interaction.part("response")
    status = response.part("status").status("code") or response.status("status_code")
    if not status:
        raise response.error("status.code must be there")
    return untimed(
        _request(interaction.part("request")),
        Response(status=status, headers=_response_headers(interaction), at_ns=0),
        _body(response),
        file=file,
        source="vcr",
        place=place,
    )


def _request(request: Node) -> Request:
    return Request(
        method=request.text("method"),
        url=request.text("uri"),
        headers=request.part("headers").headers(),
        body=_body(request),
    )


def _response_headers(interaction: Node) -> tuple[Header, ...]:
    return interaction.part("response").part("headers").headers()


def _body(message: Node) -> bytes:
    """A request's body is text or bytes, a response's an object of one; `content` is what the
    cassettes of HTTPX had for a while."""
    if not message.has("body"):
        return message.octets("content")
    if not isinstance(message.value, dict) or not isinstance(message.value["body"], dict):
        return message.octets("body")
    body = message.part("body")
    return body.base64("base64_string") if body.has("base64_string") else body.octets("string")
