"""A test and its cassette: what is asked of it while it runs, and of its outcome."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from streamlab.pytest_plugin.settings import Unplayed
    from streamlab.record.guard import NetworkBlock
    from streamlab.testing import UsedCassette

__all__ = ["WATCH", "Watch", "blocked", "check", "note_outcome", "used"]


class Watch:
    """What to look at when the test is over; `block` is None while it records. (A dataclass would
    take a third of the time in which this plugin is imported.)"""

    def __init__(
        self, cassette: "UsedCassette | None" = None, unplayed: "Unplayed" = "ignore"
    ) -> None:
        self.cassette = cassette
        self.unplayed: Unplayed = unplayed
        self.block: NetworkBlock | None = None
        self.has_passed = False


WATCH: Final = pytest.StashKey[Watch]()


@contextmanager
def blocked(item: pytest.Item) -> Iterator[None]:
    """The test without a network."""
    from streamlab.record.guard import block_network

    with block_network() as block:
        watch = item.stash[WATCH] = Watch()
        watch.block = block
        yield


@contextmanager
def used(item: pytest.Item, config: Mapping[str, Any]) -> "Iterator[UsedCassette]":
    """The test with its cassette, which is written at the end if anything was recorded; without a
    network, where nothing is."""
    from streamlab.errors import StreamlabError
    from streamlab.pytest_plugin.settings import cassette_path, read_settings
    from streamlab.record.guard import block_network
    from streamlab.testing import UsedCassette

    try:
        settings = read_settings(item, config)
        cassette = UsedCassette(cassette_path(item, settings), settings.options)
    except StreamlabError as error:
        pytest.fail(_told(error), pytrace=False)
    watch = item.stash[WATCH] = Watch(cassette, settings.unplayed)
    try:
        if cassette.is_recording:
            yield cassette
            return
        if settings.max_age_days is not None:
            cassette.warn_if_older(settings.max_age_days)
        if not settings.blocks_network:
            yield cassette
            return
        with block_network(allow=settings.allowed_hosts) as watch.block:
            yield cassette
    finally:
        cassette.close(has_passed=watch.has_passed)


def check(watch: Watch) -> None:
    """Fails the test that just passed if it reached for the network, or left recordings unplayed
    where that matters."""
    if watch.block is not None and watch.block.refused:
        pytest.fail("\n".join([*watch.block.refused, f"hint: {_way_back()}"]), pytrace=False)
    if watch.cassette is not None and not watch.cassette.is_recording:
        _check_unplayed(watch.cassette, watch.unplayed)


def _check_unplayed(cassette: "UsedCassette", action: "Unplayed") -> None:
    unplayed = cassette.unplayed()
    if not unplayed or action == "ignore":
        return
    named = ", ".join(f"{each.id} {each.name}".strip() for each in unplayed)
    message = f"{cassette.path}: nothing asked for {named}"
    if action == "fail":
        hint = "hint: --streamlab-record-mode=rewrite records what the test asks for now"
        pytest.fail(f"{message}\n{hint}", pytrace=False)
    warnings.warn(pytest.PytestWarning(message), stacklevel=1)


def note_outcome(watch: Watch, report: pytest.TestReport) -> None:
    """Remember whether the test has passed; explain the failure, as far as it is known here."""
    watch.has_passed = report.passed
    if not report.failed:
        return
    refused = watch.block.refused if watch.block else []
    misses = watch.cassette.misses if watch.cassette else []
    if refused:
        report.sections.append(("streamlab: refused", "\n".join([*refused, _way_back()])))
    if misses:
        hint = "--streamlab-record-mode=new_episodes records what is missing, rewrite all"
        report.sections.append(("streamlab: misses", "\n".join([*misses, hint])))


def _way_back() -> str:
    from streamlab.record.guard import HINT

    return HINT


def _told(error: Any) -> str:  # noqa: ANN401 - a StreamlabError
    return f"{error.message}\nhint: {error.hint}" if error.hint else str(error.message)
