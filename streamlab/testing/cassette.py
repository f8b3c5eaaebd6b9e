"""A cassette while a test uses it: what answers, what was asked, what is recorded."""

import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from streamlab.cassette import read_cassette, write_cassette
from streamlab.clock import ManualClock, SystemClock
from streamlab.errors import CassetteError, NotFoundError
from streamlab.record.command import (
    proxied_environment,
    replayed_environment,
    upstreams_of,
    with_keys,
)
from streamlab.record_mode import RecordMode
from streamlab.recording import Recording
from streamlab.replay import Answered, Asked, Catalog, ReplayServer, running
from streamlab.replay.key import RequestKey
from streamlab.testing.options import OldCassetteWarning, Options, default_record_mode
from streamlab.testing.served import Served, environment

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from streamlab.replay.live import Live
    from streamlab.replay.transport import EitherReplayTransport

__all__ = ["UsedCassette"]

# For SDKs that do not start without a key.
_ANY_KEY: Final = "streamlab"


class UsedCassette:
    """The cassette at `path` for as long as a test lasts; `close` it.

    `mode` is the record mode in force: `once` becomes `none` where the cassette is there, and `all`
    where it is not. CassetteError if it is needed and cannot be read.
    """

    def __init__(self, path: Path | str, options: Options | None = None) -> None:
        self.path = Path(path)
        self.options = options or Options()
        asked_for = self.options.record_mode or default_record_mode(os.environ)
        self.mode: Final = _in_force(asked_for, is_there=self.path.exists())
        self.recordings: Final = self._read()
        self.misses: Final[list[str]] = []
        self._catalog = Catalog(
            self.recordings, match=self.options.match, ignored=self.options.ignore_json_paths
        )
        self._asked: list[ReplayServer | EitherReplayTransport] = []
        self._folder = _new_folder() if self.is_recording else None

    @property
    def is_recording(self) -> bool:
        """Whether requests may reach the real API."""
        return self.mode != "none"

    @property
    def recording(self) -> Recording:
        """The only recording there is. NotFoundError if there are several, or none."""
        if len(self.recordings) != 1:
            named = ", ".join(f"{each.id} {each.name}".strip() for each in self.recordings)
            raise NotFoundError(
                f"{self.path} holds {len(self.recordings)} recordings, and one is asked for",
                f"take one of its `recordings`: {named}" if named else "record one first",
            )
        return self.recordings[0]

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked of its recordings so far."""
        return tuple(asked for each in self._asked for asked in each.requests)

    def unplayed(self) -> list[Recording]:
        """The recordings that have answered nothing yet; none if there was nobody to ask."""
        played = {asked.recording_id for asked in self.requests}
        return [each for each in self.recordings if self._asked and each.id not in played]

    def warn_if_older(self, max_age_days: float) -> None:
        """OldCassetteWarning if its oldest recording was made more days ago."""
        dates = [each.started_at for each in self.recordings if each.started_at]
        if not dates:
            return
        now = datetime.fromisoformat(SystemClock().utc_now())
        age_days = (now - datetime.fromisoformat(min(dates))).days
        if age_days > max_age_days:
            message = f"{self.path} was recorded {age_days} days ago, more than {max_age_days:g}"
            warnings.warn(OldCassetteWarning(f"{message}; record it anew"), stacklevel=2)

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """A server of its recordings on a free port, and the environment in which SDKs find it."""
        with ExitStack() as stack:
            live = stack.enter_context(self._live())
            server = ReplayServer(
                self._catalog,
                speed=self.options.factor(0.0),
                faults=self.options.faults,
                live=live,
                on_answered=self._note,
            )
            stack.enter_context(running(server))
            self._asked.append(server)
            variables = self._variables(server.url)
            stack.enter_context(environment(variables))
            yield Served(server=server, variables=variables)

    @contextmanager
    def transport(self) -> "Iterator[EitherReplayTransport]":
        """The same in the program itself, for clients of either kind, on a manual clock."""
        from streamlab.replay.transport import EitherReplayTransport

        options = self.options
        speed, faults = options.factor(1.0), tuple(options.faults)
        if not self.is_recording:
            transport = EitherReplayTransport(
                self._catalog, speed=speed, faults=faults, clock=ManualClock()
            )
            self._asked.append(transport)
            yield transport
            return
        from streamlab.store import Library
        from streamlab.testing.transport import LiveTransport

        with Library(self._db, create=True) as library, library.open_writer() as writer:
            live = LiveTransport(
                self._catalog,
                writer,
                asks_all=self.mode != "new_episodes",
                redact=options.redact,
                speed=speed,
                faults=faults,
            )
            self._asked.append(live)
            yield live
            live.close()

    def close(self, *, has_passed: bool = True) -> None:
        """Write what was recorded. A test that has not passed rewrites nothing: an expired key must
        not cost a cassette. CassetteError if it cannot be written."""
        if self._folder is None:
            return
        with self._folder:
            new = self._recorded()
        if not new or (self.mode == "rewrite" and not has_passed):
            return
        from streamlab.testing.merged import rewritten

        replaces = self.mode == "rewrite"
        kept = rewritten(self.recordings, new, self._key) if replaces else [*self.recordings, *new]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Another process may be reading it.
        written = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        write_cassette(written, kept)
        written.replace(self.path)

    def _read(self) -> list[Recording]:
        if self.path.exists() or self.mode == "none":
            return _read(self.path)
        return []

    def _key(self, recording: Recording) -> RequestKey:
        request = recording.request
        return self._catalog.key(request.method, request.url, request.body)

    @property
    def _db(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "recorded.db"

    def _live(self) -> "AbstractContextManager[Live | None]":
        if not self.is_recording:
            return nullcontext()
        from streamlab.live_upstream import open_live

        # What a rewritten cassette holds is exchanged here, not in the library that this fills.
        mode: RecordMode = "all" if self.mode == "rewrite" else self.mode
        upstreams = upstreams_of(os.environ, self.options.bases())
        return open_live(self._db, mode, upstreams, self._catalog, redact=self.options.redact)

    def _variables(self, url: str) -> dict[str, str]:
        bases, before = self.options.bases(), os.environ
        if self.is_recording:
            changed = with_keys(proxied_environment(before, url, bases), _ANY_KEY)
        else:
            changed = replayed_environment(before, url, _ANY_KEY, bases)
        return {name: value for name, value in changed.items() if before.get(name) != value}

    def _recorded(self) -> list[Recording]:
        if not self._db.exists():
            return []
        from streamlab.store import Library

        with Library(self._db) as library:
            return library.load_all(summary.id for summary in library.summaries())

    def _note(self, answered: Answered) -> None:
        if answered.miss is not None:
            self.misses.append(str(answered.miss))


def _new_folder() -> "TemporaryDirectory[str]":
    from tempfile import TemporaryDirectory

    return TemporaryDirectory()


def _in_force(mode: RecordMode, *, is_there: bool) -> RecordMode:
    if mode == "once":
        return "none" if is_there else "all"
    return mode


def _read(path: Path) -> list[Recording]:
    if not path.exists():
        hint = "record it: record mode once, or with pytest --streamlab-record-mode=once"
        raise CassetteError(f"there is no cassette {path}", hint)
    return read_cassette(path)
