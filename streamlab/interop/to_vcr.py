"""Recordings as a cassette of VCR.py, version 1, in YAML (https://vcrpy.readthedocs.io): requests
and responses with the bytes that were sent, no times and no read boundaries."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from streamlab.errors import StreamlabError
from streamlab.json_text import utf8_text
from streamlab.recording import Header, Recording, Response

__all__ = ["vcr_text"]

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


def vcr_text(recordings: Iterable[Recording]) -> str:
    """A cassette of the recordings that have a response: the format has no word for the others.

    StreamlabError if PyYAML is not installed.
    """
    try:
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError as error:
        hint = "pip install 'streamlab-toolkit[vcr]'"
        raise StreamlabError("VCR.py's cassettes are YAML; PyYAML is missing", hint) from error
    interactions = [
        _interaction(recording, recording.response)
        for recording in recordings
        if recording.response is not None
    ]
    document = {"interactions": interactions, "version": 1}
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(document, Dumper=dumper, sort_keys=False))


def _interaction(recording: Recording, response: Response) -> dict[str, Any]:
    request, status = recording.request, response.status
    return {
        "request": {
            "body": _payload(request.body) if request.body else None,
            "headers": _headers(request.headers),
            "method": utf8_text(request.method),
            "uri": utf8_text(request.url),
        },
        "response": {
            "body": {"string": _payload(recording.body)},
            "headers": _headers(response.headers),
            "status": {"code": status, "message": _PHRASES.get(status, "")},
        },
    }


def _headers(headers: Iterable[Header]) -> dict[str, list[str]]:
    """The values of each name, in order."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(utf8_text(name), []).append(utf8_text(value))
    return values


def _payload(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
