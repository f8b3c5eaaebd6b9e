"""Recordings out of what foreign files know: a request, a response head, a body, rarely times."""

from hashlib import sha256
from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

from streamlab.errors import InputError
from streamlab.interop.bodies import BodyKind, cut, kind_of
from streamlab.recording import (
    UNTIMED,
    EndReason,
    Header,
    Recording,
    RecordingBuilder,
    Request,
    Response,
    header_value,
)

__all__ = ["builder_for", "decoded_headers", "untimed"]

_ID_CHARS: Final = 12
# What a body starts with that is still coded.
_MAGIC: Final = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}


def builder_for(
    request: Request,
    *,
    file: str,
    source: str,
    identity: tuple[object, ...],
    tags: tuple[str, ...] = (),
    started_at: str = "",
) -> RecordingBuilder:
    """A builder whose recording is named after the file.

    The id is made of `identity`, so the same file imported again is known to be the same.
    InputError if what was asked for is no URL.
    """
    try:
        urlsplit(request.url)
    except ValueError as error:
        hint = "a URL starts with http:// or https://"
        raise InputError(f"{file}: {request.url[:200]!r} is no URL: {error}", hint) from error
    name = PurePath(file).stem
    digest = sha256(repr((source, name, *identity)).encode("utf-8", "backslashreplace"))
    return RecordingBuilder(
        id=digest.hexdigest()[:_ID_CHARS],
        request=request,
        name=name,
        source=f"import:{source}",
        tags=tags,
        started_at=started_at,
    )


def untimed(
    request: Request,
    response: Response,
    body: bytes,
    *,
    file: str,
    source: str,
    place: int = 0,
    kind: BodyKind | None = None,
) -> Recording:
    """A recording of which no time is known: all of them are 0, and its tag says so.

    `place` tells recordings of one file apart; `kind` is how to cut, if the headers do not say.
    """
    headers = decoded_headers(response.headers, body)
    identity = (place, request.method, request.url, request.body, response.status, body)
    builder = builder_for(request, file=file, source=source, identity=identity, tags=(UNTIMED,))
    builder.respond(0, response.status, headers, response.http_version)
    is_coded = header_value(headers, "content-encoding") not in {None, "identity"}
    for piece in cut(body, None if is_coded else kind_of(headers) or kind):
        builder.read(0, piece)
    builder.finish(0, *_ending(request, headers, body))
    return builder.build()


def _ending(request: Request, headers: tuple[Header, ...], body: bytes) -> tuple[EndReason, str]:
    promised = header_value(headers, "content-length") or ""
    if request.method == "HEAD" or not promised.isdecimal() or int(promised) <= len(body):
        return "complete", ""
    return "truncated", f"{len(body)} of {promised} bytes"


def decoded_headers(headers: tuple[Header, ...], body: bytes) -> tuple[Header, ...]:
    """The headers without a content coding that the body no longer has.

    Browsers and `curl --compressed` keep the body decoded, next to headers that describe it coded;
    a client that trusted them could not read the replay.
    """
    coding = (header_value(headers, "content-encoding") or "").strip().lower()
    if not coding or coding == "identity" or _is_coded(body, coding):
        return headers
    described = {"content-encoding", "content-length"}
    return tuple(pair for pair in headers if pair[0].lower() not in described)


def _is_coded(body: bytes, coding: str) -> bool:
    if coding in _MAGIC:
        return body.startswith(_MAGIC[coding])
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False
