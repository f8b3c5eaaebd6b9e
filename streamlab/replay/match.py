"""Which recording answers a request: pure bookkeeping, no sockets."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from streamlab.recording import Recording

__all__ = ["Catalog", "Route", "models"]


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A method and a path, as a client asks for it."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Catalog:
    """Recordings by route.

    A request is answered by a recording of its method and path; failing that, of its method and a
    path that ends alike (`/v1/chat/completions` is also `/api/v1/chat/completions`), since a client
    keeps its paths when only its base URL changes. Those with the same query and JSON body come
    before others. Of several the n-th such request gets the n-th, then the first again.
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = tuple(recordings)
        self._contents = {recording.id: _recorded_content(recording) for recording in recordings}
        self._asked: Counter[tuple[str, ...]] = Counter()

    def routes(self) -> list[Route]:
        """All recorded routes, sorted."""
        return sorted({_route(recording) for recording in self.recordings})

    def pick(self, method: str, target: str, body: bytes) -> Recording | None:
        """The recording that answers this request, or None; each call counts as a request."""
        chosen = self._candidates(method, target, body)
        if not chosen:
            return None
        key = tuple(recording.id for recording in chosen)
        self._asked[key] += 1
        return chosen[(self._asked[key] - 1) % len(chosen)]

    def peek(self, method: str, target: str) -> Recording | None:
        """The first recording for such a request without a body; does not count as one."""
        return next(iter(self._candidates(method, target, b"")), None)

    def _candidates(self, method: str, target: str, body: bytes) -> list[Recording]:
        parts = urlsplit(target)
        candidates = self._on_route(method, parts.path)
        wanted = _content(parts.query, body)
        equal = [r for r in candidates if self._contents[r.id] == wanted]
        return equal or candidates

    def _on_route(self, method: str, path: str) -> list[Recording]:
        same_method = [r for r in self.recordings if r.request.method == method]
        exact = [r for r in same_method if _route(r).path == path]
        return exact or [r for r in same_method if _ends_alike(_route(r).path, path)]


def _route(recording: Recording) -> Route:
    return Route(recording.request.method, urlsplit(recording.request.url).path or "/")


def _ends_alike(recorded: str, asked: str) -> bool:
    """Whether one path is the other with segments before it (at least two are in common)."""
    longer, shorter = _segments(recorded), _segments(asked)
    if len(longer) < len(shorter):
        longer, shorter = shorter, longer
    return len(shorter) > 1 and longer[-len(shorter) :] == shorter


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _recorded_content(recording: Recording) -> object:
    return _content(urlsplit(recording.request.url).query, recording.request.body)


def _content(query: str, body: bytes) -> object:
    """Query and body in a form that does not depend on spelling: key order, white space."""
    try:
        content: object = json.dumps(json.loads(body), sort_keys=True)
    except (ValueError, RecursionError):
        content = body
    return sorted(parse_qsl(query, keep_blank_values=True)), content


def models(recordings: Iterable[Recording]) -> list[str]:
    """The models that the recorded requests ask for, each once, in order."""
    names: dict[str, None] = {}
    for recording in recordings:
        try:
            body = json.loads(recording.request.body)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict) and isinstance(model := body.get("model"), str):
            names[model] = None
    return list(names)
