"""The pytest plugin: fixtures that replay the cassette of a test, and the marker that says how.

Hooks and fixtures only: what they do stands in `streamlab.testing`, and is imported by the first
test that uses one of them. docs/pytest.md shows them at work.
"""

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

from streamlab.pytest_plugin.plain_import import PlainImport
from streamlab.pytest_plugin.watch import WATCH, blocked, check, note_outcome, used

if TYPE_CHECKING:
    from streamlab.recording import Recording
    from streamlab.replay.transport import EitherReplayTransport
    from streamlab.testing import Served, UsedCassette

__all__ = [
    "streamlab_cassette",
    "streamlab_config",
    "streamlab_recording",
    "streamlab_server",
    "streamlab_transport",
]

_MARKER: Final = "streamlab"
_MARKER_HELP: Final = (
    "streamlab(name, record_mode, speed, match, faults, ...): replay the test's cassette, by "
    "streamlab_server if the test uses none of the fixtures; see streamlab's docs/pytest.md"
)
_FIXTURES: Final = frozenset(
    {"streamlab_cassette", "streamlab_recording", "streamlab_server", "streamlab_transport"}
)
# Each is an option --streamlab-NAME, and streamlab_NAME in the ini file.
_OPTIONS: Final = {
    "record_mode": ("MODE", "none, once, new_episodes, all or rewrite; none where CI is set"),
    "speed": ("SPEED", "realtime, instant (usual) or a factor such as 10x"),
    "unplayed": ("ACTION", "what of recordings that nothing asked for: ignore, warn or fail"),
    "max_age_days": ("DAYS", "warn of cassettes that are older"),
}
_BLOCK_HELP: Final = "fail connections to anything but loopback, in all tests that record nothing"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, which all begin with --streamlab-, and the same for the ini file."""
    group = parser.getgroup("streamlab", "streams of LLM APIs, from cassettes")
    for name, (metavar, text) in _OPTIONS.items():
        flag = f"--streamlab-{name.replace('_', '-')}"
        group.addoption(flag, dest=f"streamlab_{name}", metavar=metavar, help=text)
        parser.addini(f"streamlab_{name}", text)
    group.addoption(
        "--streamlab-block-network",
        dest="streamlab_block_network",
        action="store_true",
        help=_BLOCK_HELP,
    )
    parser.addini("streamlab_block_network", _BLOCK_HELP, type="bool", default=False)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """From here on streamlab is imported without pytest's rewriting, which has begun by now."""
    if PlainImport not in sys.meta_path:
        sys.meta_path.insert(0, PlainImport)


def pytest_configure(config: pytest.Config) -> None:
    """The marker is known."""
    config.addinivalue_line("markers", _MARKER_HELP)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marked test that uses none of the fixtures, as a method of unittest may not, is served."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker(_MARKER) and not _FIXTURES & set(names):
            # A list of its own: the items of a parametrized test share theirs.
            item.fixturenames = [*names, "streamlab_server"]  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def streamlab_config() -> dict[str, Any]:
    """Options for all tests below the conftest.py, in the module or in the class that overrides
    this; those of a marker come first."""
    return {}


@pytest.fixture(autouse=True)
def _streamlab_guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test that is replayed reaches the network; no other either, if that is asked for."""
    config = request.config
    if _FIXTURES & set(getattr(request.node, "fixturenames", ())):
        # First of all: a client may well ask in another fixture of the test.
        request.getfixturevalue("streamlab_cassette")
        yield
    elif config.option.streamlab_block_network or config.getini("streamlab_block_network"):
        with blocked(request.node):
            yield
    else:
        yield


@pytest.fixture
def streamlab_cassette(
    request: pytest.FixtureRequest, streamlab_config: dict[str, Any]
) -> "Iterator[UsedCassette]":
    """The test's cassette: its `path`, its `recordings`, and what they were asked."""
    with used(request.node, streamlab_config) as cassette:
        yield cassette


@pytest.fixture
def streamlab_recording(streamlab_cassette: "UsedCassette") -> "Recording":
    """The only recording of the test's cassette."""
    return streamlab_cassette.recording


@pytest.fixture
def streamlab_server(streamlab_cassette: "UsedCassette") -> "Iterator[Served]":
    """A server that answers with the test's cassette, and that SDKs find by their environment."""
    with streamlab_cassette.serve() as served:
        yield served


@pytest.fixture
def streamlab_transport(streamlab_cassette: "UsedCassette") -> "Iterator[EitherReplayTransport]":
    """A transport for clients of httpx and httpx2 that answers with the test's cassette, on a
    manual clock: no sockets, no waiting."""
    with streamlab_cassette.transport() as transport:
        yield transport


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that would pass fails if it asked the network, or not for all of its recordings."""
    result = yield
    if (watch := item.stash.get(WATCH, None)) is not None:
        check(watch)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure says what no recording answered, and what was refused."""
    report = yield
    if call.when == "call" and (watch := item.stash.get(WATCH, None)) is not None:
        note_outcome(watch, report)
    return report
