"""Methods and paths, and which recorded ones a request may mean."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamlab.replay.counterpart import counterpart_path

__all__ = ["Route", "Routes"]


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A method and a path, as a client asks for it."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def counterpart(self) -> "Route | None":
        """The route at which the same API answers in the other form, if a path says the form."""
        path = counterpart_path(self.path)
        return None if path is None else Route(self.method, path)


class Routes:
    """A set of routes.

    A request means the route that is its own; failing that, those of its method whose path ends
    alike (`/v1/chat/completions` is also `/api/v1/chat/completions`), since a client keeps its
    paths when only its base URL changes.
    """

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._routes: set[Route] = set()
        # By the two segments, if there are two, that paths that end alike have in common.
        self._by_ending: defaultdict[tuple[str, ...], list[Route]] = defaultdict(list)
        for route in routes:
            self.add(route)

    def __iter__(self) -> Iterator[Route]:
        return iter(sorted(self._routes))

    def add(self, route: Route) -> None:
        """One more; one that is there already changes nothing."""
        if route not in self._routes:
            self._routes.add(route)
            self._by_ending[_ending(route)].append(route)

    def find(self, asked: Route) -> tuple[Route, ...]:
        """The routes that a request for `asked` means; none if there is no such."""
        if asked in self._routes:
            return (asked,)
        alike = self._by_ending.get(_ending(asked), ())
        return tuple(route for route in alike if _ends_alike(route.path, asked.path))


def _ending(route: Route) -> tuple[str, ...]:
    return route.method, *_segments(route.path)[-2:]


def _ends_alike(recorded: str, asked: str) -> bool:
    """Whether one path is the other with segments before it."""
    longer, shorter = _segments(recorded), _segments(asked)
    if len(longer) < len(shorter):
        longer, shorter = shorter, longer
    return longer[len(longer) - len(shorter) :] == shorter


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
