"""Why no recording answers a request: which one comes closest, and what differs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import accumulate, islice, takewhile
from typing import Any, Final, Literal

from streamlab.dialect import model_of
from streamlab.json_text import json_text
from streamlab.recording import Recording
from streamlab.redaction import redact_text
from streamlab.replay.counterpart import without_form
from streamlab.replay.difference import (
    Difference,
    differences,
    shown_difference,
    shown_pair,
    spelled_path,
)
from streamlab.replay.ignore import without
from streamlab.replay.key import path_and_query, query_pairs
from streamlab.replay.match import Catalog
from streamlab.replay.routes import Route

__all__ = ["Miss", "explain"]

_LINES: Final = 5
_ROUTES: Final = 10
_ROUTE_CHARS: Final = 200
# What is looked into for one miss, and counted in one recording: others wait for their answers.
_COMPARED_BYTES: Final = 1024 * 1024
_COUNTED: Final = 100
_NOT_JSON: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """`lacks` is what no recording has of the request, and `summary` says so; `closest` is the
    recording that differs least, if there is any, and `lines` say in what (asked != recorded).
    `json_path` is the first place where the JSON bodies differ, or "". Credentials are redacted."""

    lacks: Literal["route", "model", "body"]
    summary: str
    closest: Recording | None = None
    lines: tuple[str, ...] = ()
    json_path: str = ""

    def __str__(self) -> str:
        if self.closest is None:
            return self.summary
        head = f"closest, asked != recorded: {self.closest.id} {self.closest.name}".rstrip()
        return "\n".join([self.summary, head, *self.lines])


@dataclass(frozen=True, slots=True)
class _Content:
    """What of a request is compared where the route is the same, or its counterpart."""

    query: str
    pairs: list[tuple[str, str]]
    body: bytes
    value: Any
    model: str | None


_Found = Difference | str


def explain(catalog: Catalog, method: str, target: str, body: bytes) -> Miss:
    """Why nothing in `catalog` answers this request."""
    path, query = path_and_query(target)
    route = Route(method, path)
    is_counterpart = catalog.needs_counterpart(route)
    asked = _content(target, body, is_counterpart=is_counterpart)
    said = redact_text(f"no recording answers {route}{'?' if query else ''}{query}")
    on_route = catalog.on_route(route)
    if not on_route:
        return _explain_route(catalog, route, said)
    compared = [
        (each, _found(catalog, asked, each, is_counterpart=is_counterpart))
        for each in _closest(asked, on_route)
    ]
    closest, found = min(compared, key=lambda pair: len(pair[1]))
    paths = (spelled_path(each) for each in found if isinstance(each, Difference))
    lacks: Final = "model" if catalog.match == "model" else "body"
    return Miss(
        lacks=lacks,
        summary=f"{said} with this {lacks}",
        closest=closest,
        lines=_lines(found),
        json_path=next(paths, ""),
    )


def _explain_route(catalog: Catalog, route: Route, said: str) -> Miss:
    routes = {str(each)[:_ROUTE_CHARS]: each for each in catalog.routes()}
    shown = [*islice(routes, _ROUTES), *["…"] * (len(routes) > _ROUTES)]
    summary = f"{said}; recorded routes: {', '.join(shown) or 'none'}"
    close = get_close_matches(str(route)[:_ROUTE_CHARS], routes, n=1, cutoff=0)
    if not close:
        return Miss(lacks="route", summary=summary)
    recorded = routes[close[0]]
    pairs = (("method", route.method, recorded.method), ("path", route.path, recorded.path))
    lines = [shown_pair(name, asked, other) for name, asked, other in pairs if asked != other]
    closest = catalog.on_route(recorded)[0]
    return Miss(lacks="route", summary=summary, closest=closest, lines=tuple(lines))


def _closest(asked: _Content, recordings: Sequence[Recording]) -> list[Recording]:
    """Those whose bodies are about as long, as many as can be compared; at least one."""
    near = sorted(recordings, key=lambda each: abs(len(each.request.body) - len(asked.body)))
    sizes = accumulate(len(each.request.body) for each in near)
    count = sum(1 for _ in takewhile(lambda size: size <= _COMPARED_BYTES, sizes))
    return near[: max(1, count)]


def _content(url: str, body: bytes, *, is_counterpart: bool) -> _Content:
    path, query = path_and_query(url)
    pairs, value = query_pairs(query), _json_value(body)
    model = model_of(value, path)
    if is_counterpart:
        pairs, value = without_form(pairs, value)
    return _Content(query, pairs, body, value, model)


def _json_value(body: bytes) -> Any:  # noqa: ANN401 - any JSON value, or _NOT_JSON
    if len(body) > _COMPARED_BYTES:
        return _NOT_JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _found(
    catalog: Catalog, asked: _Content, recording: Recording, *, is_counterpart: bool
) -> list[_Found]:
    request = recording.request
    recorded = _content(request.url, request.body, is_counterpart=is_counterpart)
    if catalog.match == "model":
        return [Difference(("model",), asked.model, recorded.model)]
    try:
        return list(islice(_compare(catalog, asked, recorded), _COUNTED))
    except RecursionError:
        return ["body: nested too deeply to be compared"]


def _compare(catalog: Catalog, asked: _Content, recorded: _Content) -> Iterator[_Found]:
    if asked.pairs != recorded.pairs:
        yield shown_pair("query", json_text(asked.query), json_text(recorded.query))
    if asked.value is not _NOT_JSON and recorded.value is not _NOT_JSON:
        yield from differences(
            without(asked.value, catalog.ignored), without(recorded.value, catalog.ignored)
        )
    elif asked.body != recorded.body:
        yield f"body: {len(asked.body):,} bytes != {len(recorded.body):,} bytes"


def _lines(found: list[_Found]) -> tuple[str, ...]:
    first = found[:_LINES]
    shown = [shown_difference(each) if isinstance(each, Difference) else each for each in first]
    return (*shown, *["… and more"] * (len(found) > _LINES))
