"""What of a request counts when its recording is looked for, however it is spelled."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qsl

from streamlab.dialect import model_of
from streamlab.recording import Header, header_value
from streamlab.redaction import redact_url
from streamlab.redaction.json_path import Path
from streamlab.replay.counterpart import without_form
from streamlab.replay.ignore import without
from streamlab.replay.routes import Route

__all__ = [
    "RequestKey",
    "path_and_query",
    "query_pairs",
    "request_key",
    "wanted_name",
]

_COLON: Final = re.compile("%3A", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"\A[^/?#]*://[^/?#]*")
_DIGEST_BYTES: Final = 16
_NOT_JSON: Final = object()
_NAME_HEADER: Final = "x-streamlab-recording"
_NAME_MODEL: Final = "streamlab/"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """`content` is a digest of query and body that does not depend on the order of parameters and
    names nor on white space in JSON; `model` the one that the body or the path asks for.

    `shared_content`, if the route has a counterpart, is that of what the same request for the
    counterpart has, too; else it is empty.
    """

    route: Route
    content: bytes
    model: str | None
    shared_content: bytes = b""


def request_key(
    method: str, url: str, body: bytes, *, ignored: tuple[Path, ...] = ()
) -> RequestKey:
    """The key of a request for `url`, which may be a path alone, without the parts of its JSON body
    that are `ignored`. Credentials in the query do not count: recordings have none."""
    made = _request_key if len(body) > _REMEMBERED_BYTES else _remembered_key
    return made(method, url, body, ignored)


def _request_key(method: str, url: str, body: bytes, ignored: tuple[Path, ...]) -> RequestKey:
    path, query = path_and_query(url)
    route, pairs = Route(method, path), query_pairs(query)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = _NOT_JSON
    content = _digest(pairs, value, body, ignored)
    shared_content = (
        b"" if route.counterpart is None else _digest(*without_form(pairs, value), body, ignored)
    )
    return RequestKey(route, content, model_of(value, path), shared_content)


def _digest(
    pairs: list[tuple[str, str]], value: object, body: bytes, ignored: tuple[Path, ...]
) -> bytes:
    content = b"else" + body
    if value is not _NOT_JSON:
        with suppress(RecursionError):
            content = b"json" + json.dumps(without(value, ignored), sort_keys=True).encode()
    return blake2b(json.dumps(pairs).encode() + content, digest_size=_DIGEST_BYTES).digest()


# Tests ask the same again and again.
_REMEMBERED_BYTES: Final = 16 * 1024
_remembered_key = lru_cache(maxsize=256)(_request_key)


def path_and_query(url: str) -> tuple[str, str]:
    """The path and the query, credentials redacted, of a URL or a request target, however odd.

    A colon in the path is one however it is spelled: SDKs differ in whether they encode it.
    """
    target = _ORIGIN.sub("", redact_url(url)).partition("#")[0]
    path, _, query = target.partition("?")
    return _COLON.sub(":", path) or "/", query


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters, in an order of their own."""
    return sorted(parse_qsl(query, keep_blank_values=True)) if query else []


def wanted_name(headers: tuple[Header, ...], model: str | None) -> str | None:
    """The recording that a request names: by the header X-Streamlab-Recording, or by a model
    `streamlab/NAME`, where a program cannot set headers."""
    name = header_value(headers, _NAME_HEADER)
    if name is None and model is not None and model.startswith(_NAME_MODEL):
        return model.removeprefix(_NAME_MODEL)
    return name
