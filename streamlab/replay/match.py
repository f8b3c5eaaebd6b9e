"""Which recording answers a request: pure bookkeeping, no sockets."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from difflib import get_close_matches
from typing import Final, Literal

from streamlab.errors import NotFoundError
from streamlab.json_text import json_text
from streamlab.recording import Recording
from streamlab.redaction.json_path import parse_path
from streamlab.replay.key import RequestKey, request_key
from streamlab.replay.routes import Route, Routes

__all__ = ["Catalog", "Match", "catalog_of"]

Match = Literal[
    "auto",  # as `body`; failing that, as `path`
    "body",  # the recordings of its route with the same query and body
    "path",  # all of its route
    "model",  # those of its route that asked for the same model
    "sequence",  # all there are, whatever is asked for
    "latest",  # the one of its route that was recorded last
]

_LATEST: Final = "latest"
_SHARED: Final = "shared"
_SHOWN_CHARS: Final = 100
_SHOWN_NAMES: Final = 3


class Catalog:
    """Recordings, and which of them answers a request.

    What a request means is looked up by its key, not searched for: of thousands as fast as of one.
    Where no recording is of its route, those of the route's counterpart may answer.
    Of several that match, the n-th such request gets the n-th, then the first again. `ignored` are
    JSON paths of parts of bodies that do not count; InputError if one is no path.
    """

    def __init__(
        self,
        recordings: Iterable[Recording] = (),
        *,
        match: Match = "auto",
        ignored: Iterable[str] = (),
    ) -> None:
        self.recordings: list[Recording] = []
        self.match: Final = match
        self.ignored: Final = tuple(map(parse_path, ignored))
        self._routes = Routes()
        # Places in `recordings`: by route alone, and by route with a digest or a model.
        self._places: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        self._newest: dict[Route, int] = {}
        self._by_id: dict[str, list[int]] = {}
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._models: dict[str, None] = {}  # a set in order
        self._asked: Counter[Hashable] = Counter()
        for recording in recordings:
            self.add(recording)

    def add(self, recording: Recording) -> None:
        """One more, after all others."""
        place = len(self.recordings)
        self.recordings.append(recording)
        request = recording.request
        key = self.key(request.method, request.url, request.body)
        self._routes.add(key.route)
        for group in ((key.route,), (key.route, key.content), (key.route, key.model)):
            self._places[group].append(place)
        if key.shared_content:
            self._places[key.route, _SHARED, key.shared_content].append(place)
        newest = self._newest.setdefault(key.route, place)
        if recording.started_at >= self.recordings[newest].started_at:
            self._newest[key.route] = place
        self._by_id[recording.id] = [place]
        if recording.name:
            self._by_name[recording.name].append(place)
        if key.model is not None:
            self._models[key.model] = None

    def routes(self) -> list[Route]:
        """All recorded routes, sorted."""
        return list(self._routes)

    def models(self) -> list[str]:
        """The models that the recorded requests ask for, each once, in order."""
        return list(self._models)

    def key(self, method: str, url: str, body: bytes) -> RequestKey:
        """What of a request counts here; `url` may be a path with its query."""
        return request_key(method, url, body, ignored=self.ignored)

    def pick(self, key: RequestKey) -> Recording | None:
        """The recording that answers a request, or None; each call counts as a request."""
        counted, places = self._matching(key)
        return self._next(counted, places)

    def peek(self, key: RequestKey) -> Recording | None:
        """The first recording that may answer such a request; this does not count as one."""
        _, places = self._matching(key)
        return self.recordings[places[0]] if places else None

    def named(self, which: str) -> Recording:
        """The recording with that id, name, or beginning of an id, or the `latest`; of several with
        a name the next. NotFoundError, with names that are close, if there is none."""
        places = self._by_id.get(which) or self._by_name.get(which)
        if not places and which == _LATEST:
            places = self._last(self._newest)
        recording = self._next(("named", which), places or self._begun(which))
        if recording is None:
            raise self._unknown(which)
        return recording

    def on_route(self, route: Route) -> list[Recording]:
        """All that a request for this route may mean, in order."""
        routes, _ = self._meant(route)
        places = self._gathered(routes)
        return [self.recordings[place] for place in places]

    def needs_counterpart(self, route: Route) -> bool:
        """Whether all that may answer a request for this route is of the route's counterpart."""
        _, are_counterparts = self._meant(route)
        return are_counterparts and self.match != "sequence"

    def equal(self, key: RequestKey) -> list[Recording]:
        """All with the route itself, the query and the body of a request, in order."""
        places = self._gathered(self._routes.find(key.route), key.content)
        return [self.recordings[place] for place in places]

    def _matching(self, key: RequestKey) -> tuple[Hashable, Sequence[int]]:
        """What requests of this kind are counted by, and the places of what may answer them."""
        if self.match == "sequence":
            return (), range(len(self.recordings))
        routes, are_counterparts = self._meant(key.route)
        if self.match == "latest":
            return routes, self._last(routes)
        if self.match == "model":
            return (routes, key.model), self._gathered(routes, key.model)
        if self.match in ("auto", "body"):
            part = (_SHARED, key.shared_content) if are_counterparts else (key.content,)
            equal = self._gathered(routes, *part)
            if equal or self.match == "body":
                return (routes, *part), equal
        return routes, self._gathered(routes)

    def _meant(self, route: Route) -> tuple[tuple[Route, ...], bool]:
        """The recorded routes that a request for this one means; if there are none, those that one
        for its counterpart means, and whether it is these."""
        routes = self._routes.find(route)
        counterpart = None if routes else route.counterpart
        if counterpart is None:
            return routes, False
        routes = self._routes.find(counterpart)
        return routes, bool(routes)

    def _gathered(self, routes: tuple[Route, ...], *part: object) -> Sequence[int]:
        groups = [self._places.get((route, *part), []) for route in routes]
        return groups[0] if len(groups) == 1 else sorted(place for each in groups for place in each)

    def _last(self, routes: Iterable[Route]) -> list[int]:
        newest = [self._newest[route] for route in routes]
        return sorted(newest, key=lambda place: (self.recordings[place].started_at, place))[-1:]

    def _begun(self, which: str) -> Sequence[int]:
        """The place of the one recording whose id begins like this."""
        begun = [places for id_, places in self._by_id.items() if id_.startswith(which)]
        return begun[0] if which and len(begun) == 1 else ()

    def _next(self, counted: Hashable, places: Sequence[int]) -> Recording | None:
        if not places:
            return None
        place = places[self._asked[counted] % len(places)]
        self._asked[counted] += 1
        return self.recordings[place]

    def _unknown(self, which: str) -> NotFoundError:
        which = which[:_SHOWN_CHARS]
        known = [*self._by_name, *self._by_id]
        close = get_close_matches(which, known, n=_SHOWN_NAMES)
        shown = ", ".join(name[:_SHOWN_CHARS] for name in close or known[:_SHOWN_NAMES])
        hint = f"there are: {shown}" if shown else "there are no recordings"
        return NotFoundError(
            f"no recording {json_text(which)}", f"close to that: {shown}" if close else hint
        )


def catalog_of(recordings: Iterable[Recording] | Catalog) -> Catalog:
    """The catalog itself, or one of these recordings that takes any of the route (`auto`)."""
    return recordings if isinstance(recordings, Catalog) else Catalog(recordings)
