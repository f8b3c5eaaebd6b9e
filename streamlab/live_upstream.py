"""The real API behind a replay server, which answers what the record mode leaves to it.

Here what `record` and `replay` do comes together: such a request goes through the recording proxy,
live, and its recording may answer the next one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streamlab._http1 import Exchange, HttpRequest, same_origin_path
from streamlab.record.proxy import ProxyServer
from streamlab.record.upstream import Upstream
from streamlab.record_mode import RecordMode
from streamlab.recording import EndReason, Recording
from streamlab.redaction import Redaction
from streamlab.replay.key import RequestKey
from streamlab.replay.match import Catalog
from streamlab.replay.routes import Route, Routes
from streamlab.schedule import ending
from streamlab.store import Library, Writer
from streamlab.store.writer import OnError

__all__ = ["LiveUpstream", "open_live", "whole"]

# What a server does. How an answer goes on that its client or our side broke off is not known.
_WHOLE: Final = frozenset[EndReason]({"complete", "truncated", "reset", "protocol_error"})
_FIRST_ERROR_STATUS: Final = 400
# What SDKs ask again after, openai's for one.
_TRY_AGAIN: Final = frozenset({408, 409, 429})
_FIRST_SERVER_ERROR_STATUS: Final = 500


def _ignore(_: Recording) -> None:
    pass


class LiveUpstream:
    """Answers requests from `upstreams` as its mode says, and records them with `writer`.

    The server that serves `catalog` is given this as `live`. In the modes that record misses, whole
    answers go into the catalog, but for those that ask for another try, which must reach the
    upstream as well. `redact` is for what is stored; `on_relayed` is told each exchange that is
    over.
    """

    def __init__(
        self,
        mode: RecordMode,
        upstreams: Sequence[Upstream],
        writer: Writer,
        catalog: Catalog,
        *,
        redact: Redaction | None = None,
        on_relayed: Callable[[Recording], None] = _ignore,
    ) -> None:
        self._mode = mode
        self._upstreams = upstreams
        self._catalog = catalog
        self._known = Routes(catalog.routes())
        self._proxy = ProxyServer(upstreams, writer, redact=redact, on_relayed=on_relayed)
        self._unanswered: list[str] = []
        # The recordings of requests that were asked again, and whether all went well.
        self._asked_again: dict[RequestKey, bool] = {}

    def target(self, target: str) -> str:
        """See `replay.live.Live`."""
        upstream = next((each for each in self._upstreams if each.takes(target)), None)
        return upstream.target(target) if upstream is not None else target

    def answer(
        self,
        request: HttpRequest,
        exchange: Exchange,
        key: RequestKey,
        recording: Recording | None,
    ) -> bool:
        """See `replay.live.Live`."""
        target = same_origin_path(request.target)
        has_upstream = any(each.takes(target) for each in self._upstreams)
        # What the API itself answers is better than what is made of its answer in another form.
        if self._catalog.needs_counterpart(key.route):
            recording = None
        if not has_upstream or not self._wants(key.route, recording):
            return False
        self._proxy.relay(request, exchange, lambda over: self._note(key, over))
        return True

    async def close(self) -> None:
        """Hang up on what is under way; it is recorded as such."""
        await self._proxy.close()

    def outdated(self) -> list[str]:
        """The ids of recordings that should not stay, now that it is over: of upstreams that could
        not be reached, and, in the mode `rewrite`, of requests that were recorded anew. These go
        if each time they were asked again the answer was complete, and no error."""
        again = [key for key, is_well in self._asked_again.items() if is_well]
        replaced = [recording.id for key in again for recording in self._catalog.equal(key)]
        return [*self._unanswered, *replaced]

    def _wants(self, route: Route, recording: Recording | None) -> bool:
        match self._mode:
            case "all" | "rewrite":
                return True
            case "new_episodes":
                return recording is None
            case "once":
                return recording is None and not self._known.find(route)
        return False

    def _note(self, key: RequestKey, recording: Recording) -> None:
        if recording.end is not None and recording.end.reason == "unreachable":
            self._unanswered.append(recording.id)
        if self._mode == "rewrite":
            is_well = self._asked_again.get(key, True)
            self._asked_again[key] = is_well and _is_success(recording)
        elif self._mode != "all" and _is_whole(recording) and not _asks_for_another_try(recording):
            self._catalog.add(recording)


@contextmanager
def open_live(
    db: Path | str,
    mode: RecordMode,
    upstreams: Sequence[Upstream],
    catalog: Catalog,
    *,
    redact: Redaction | None = None,
    on_relayed: Callable[[Recording], None] = _ignore,
    on_error: OnError | None = None,
) -> Iterator[LiveUpstream]:
    """A `LiveUpstream` that records into the library at `db`, which is made if it is not there.

    At the end of the block, which the server must not outlive, all is stored and what is outdated
    is gone. StoreError if not everything could be stored, which `on_error` is told at once (see
    `Writer`); then nothing is removed.
    """
    with Library(db, create=True) as library:
        with library.open_writer(on_error=on_error) as writer:
            live = LiveUpstream(
                mode, upstreams, writer, catalog, redact=redact, on_relayed=on_relayed
            )
            yield live
        library.remove(live.outdated())


def whole(recordings: Iterable[Recording]) -> list[Recording]:
    """Those that are all of an answer: their server, and nobody before it, came to an end."""
    return [recording for recording in recordings if _is_whole(recording)]


def _is_whole(recording: Recording) -> bool:
    return recording.response is not None and ending(recording)[0] in _WHOLE


def _is_success(recording: Recording) -> bool:
    response = recording.response
    is_fine = response is not None and response.status < _FIRST_ERROR_STATUS
    return is_fine and ending(recording)[0] == "complete"


def _asks_for_another_try(recording: Recording) -> bool:
    status = recording.response.status if recording.response is not None else 0
    return status in _TRY_AGAIN or status >= _FIRST_SERVER_ERROR_STATUS
