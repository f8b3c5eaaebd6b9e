"""Answers fitted to the request: the head for other origins, and without a body for HEAD.

All else goes on the wire as it was recorded.
"""

from dataclasses import replace
from typing import Final

from streamlab._http1 import HttpRequest
from streamlab.recording import Header, header_value
from streamlab.replay.cors import reading_fields
from streamlab.replay.script import Script, Step
from streamlab.schedule import Finish

__all__ = ["fitted"]

_HTTP: Final = b"HTTP/"
_HEAD_END: Final = b"\r\n\r\n"


def fitted(script: Script, request: HttpRequest) -> Script:
    """The script as this request needs it; one that breaks the connection before a head stays."""
    data = script.steps[0].data if script.steps else b""
    if not data.startswith(_HTTP):
        return script
    origin = header_value(request.headers, "origin")
    if origin is not None:
        script = _with_fields(script, reading_fields(_fields(script), origin))
    return _without_body(script) if request.method == "HEAD" else script


def _fields(script: Script) -> tuple[Header, ...]:
    lines = _head(script).decode("utf-8", "replace").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return tuple((name, value.strip()) for name, _, value in pairs)


def _with_fields(script: Script, fields: tuple[Header, ...]) -> Script:
    """The script with `fields` after those of its head; an empty one of the same name gives way."""
    head = _head(script)
    empty = {f"{name.lower()}:".encode() for name, _ in fields}
    kept = [line for line in head.split(b"\r\n") if line.rstrip().lower() not in empty]
    added = [f"{name}: {value}".encode("utf-8", "replace") for name, value in fields]
    first, *rest = script.steps
    data = b"\r\n".join([*kept, *added]) + first.data[len(head) :]
    return replace(script, steps=(Step(first.at_ns, data), *rest))


def _without_body(script: Script) -> Script:
    """The head alone (RFC 9110, 9.3.2); what was recorded without a body keeps its ending."""
    at_ns = script.steps[0].at_ns
    steps = (Step(at_ns, _head(script) + _HEAD_END),)
    return (
        script
        if script.steps == steps
        else replace(script, steps=steps, ending=Finish(at_ns=at_ns))
    )


def _head(script: Script) -> bytes:
    """Status line and fields, without the empty line after them."""
    return script.steps[0].data.partition(_HEAD_END)[0]
