"""A manifest: JSON Lines that name bodies in files beside it, and say what they are.

The bodies are read here, and only from the manifest's own folder: a manifest is somebody else's
file, and may name any path.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from streamlab.errors import InputError
from streamlab.interop.assemble import untimed
from streamlab.interop.bodies import BodyKind, kind_of
from streamlab.interop.document import Node
from streamlab.interop.raw_body import UNKNOWN_HOST, likely_request, recognise_body
from streamlab.recording import Recording, Request, Response, header_value

__all__ = ["looks_like_manifest", "read_manifest"]

_HINT: Final = 'docs/import.md has the lines of a manifest; each names a body: {"file": "…"}'


def looks_like_manifest(data: bytes) -> bool:
    """Whether its first line that is not empty is a JSON object with a `file`."""
    line = data.lstrip().partition(b"\n")[0]
    if not (line.startswith(b"{") and b'"file"' in line):
        return False
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry.get("file"), str)


def read_manifest(data: bytes, file: str, *, request: Request | None = None) -> list[Recording]:
    """The recordings of all bodies. `request` is what those answered that do not say it.

    InputError names the line that is broken, or whose body cannot be read.
    """
    folder = Path(file).parent.resolve()
    return [_recording(entry, folder, request) for entry in _entries(data, file)]


def _entries(data: bytes, file: str) -> Iterator[Node]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{file}:{number}"
        try:
            yield Node(json.loads(line), place, _HINT)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{place}: not JSON: {error}", _HINT) from error


def _recording(entry: Node, folder: Path, request: Request | None) -> Recording:
    name = entry.text("file")
    body = _body(entry, folder, name)
    response, kind = _response(entry, body, name)
    recording = untimed(
        _request(entry, body, name, request),
        response,
        body,
        file=name,
        source="manifest",
        kind=kind,
    )
    return replace(
        recording,
        name=entry.text("name", entry.text("id", recording.name)),
        tags=(*recording.tags, *_tags(entry)),
    )


def _body(entry: Node, folder: Path, name: str) -> bytes:
    shown = f"file {name[:200]!r}"
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise entry.error(f"{shown} is not in the folder of the manifest")
        if path.exists() and not path.is_file():  # reading a pipe could take for ever
            raise entry.error(f"{shown} is no plain file")
        return path.read_bytes()
    except OSError as error:
        raise entry.error(f"{shown} cannot be read: {error.strerror}") from error
    except (ValueError, RuntimeError) as error:  # U+0000 in it; links in a circle
        raise entry.error(f"{shown} is no path: {error}") from error


def _response(entry: Node, body: bytes, name: str) -> tuple[Response, BodyKind | None]:
    headers = entry.part("response_headers").headers()
    kind = kind_of(headers) or recognise_body(body, name)
    media_type = entry.text("content_type", kind.media_type if kind else "")
    if media_type and header_value(headers, "content-type") is None:
        headers = (*headers, ("Content-Type", media_type))
    if not entry.has("response_headers"):
        headers = (*headers, ("Transfer-Encoding", "chunked"))
    return Response(status=entry.status("status") or 200, headers=headers, at_ns=0), kind


def _request(entry: Node, body: bytes, name: str, request: Request | None) -> Request:
    """What the entry says, else the `request` given, else a guess."""
    url = _url(entry)
    if not url:
        return request or likely_request(body, name)
    return Request(
        method=entry.text("request_method", "POST"),
        url=url,
        body=entry.octets("request_body"),
    )


def _url(entry: Node) -> str:
    """The `url`, or what host and path make; empty where nothing of it is known."""
    host, path = entry.text("request_host", ""), entry.text("request_path", "")
    if entry.has("url") or not (host or path):
        return entry.text("url", "")
    return f"{f'https://{host}' if host else UNKNOWN_HOST}/{path.removeprefix('/')}"


def _tags(entry: Node) -> tuple[str, ...]:
    provider = [entry.text("provider")] if entry.has("provider") else []
    return tuple(dict.fromkeys([*provider, *entry.texts("tags")]))
