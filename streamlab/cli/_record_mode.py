"""The record mode of a replay: from the options to the upstream behind it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from streamlab.cli._console import narrate
from streamlab.cli._select import select
from streamlab.errors import InputError
from streamlab.record_mode import RecordMode
from streamlab.recording import Recording
from streamlab.replay import Catalog

if TYPE_CHECKING:
    from streamlab.live_upstream import LiveUpstream
    from streamlab.record.upstream import Upstream

__all__ = ["narrated_live", "parse_upstream", "select_recorded"]


def parse_upstream(mode: RecordMode, texts: Sequence[str]) -> "tuple[Upstream, ...]":
    """What --upstream says. InputError if it is bad, or is missing in this mode."""
    if mode == "none":
        return ()
    if not texts:
        hint = "--upstream https://api.openai.com, for example"
        raise InputError(f"--record-mode {mode} needs an API to record", hint)
    from streamlab.record.upstream import parse_upstreams

    return parse_upstreams(texts)


def select_recorded(which: Sequence[str], db: Path) -> list[Recording]:
    """The recordings that answer before an upstream does: those named, or all whole answers of the
    library, which may hold none yet."""
    if which:
        return select(which, db)
    from streamlab.live_upstream import whole
    from streamlab.store import Library

    with Library(db, create=True) as library:
        return whole(library.load_all(summary.id for summary in library.summaries()))


@contextmanager
def narrated_live(
    mode: RecordMode, upstreams: "Sequence[Upstream]", db: Path, catalog: Catalog
) -> "Iterator[LiveUpstream | None]":
    """The upstream behind a server, for as long as that runs, or none in the mode that records
    nothing; what is recorded is told."""
    if mode == "none":
        yield None
        return
    from streamlab.cli._relayed import narrate_relayed, narrate_stop
    from streamlab.live_upstream import open_live

    opened = open_live(
        db, mode, upstreams, catalog, on_relayed=narrate_relayed, on_error=narrate_stop
    )
    names = ", ".join(each.origin for each in upstreams)
    with opened as live:
        narrate(f"recording into {db} what {names} answers ({mode})")
        yield live
    outdated = len(live.outdated())
    if outdated:
        narrate(f"removed {outdated} outdated recording{'s' if outdated != 1 else ''}")
