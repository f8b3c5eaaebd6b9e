"""A client under every way in which a stream's bytes may arrive.

Where reads end is up to the network. A client that takes each read for whole lines or whole
characters works until one ends elsewhere, and then loses text without a word.
"""

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, Literal

from streamlab.clock import ManualClock
from streamlab.errors import InputError
from streamlab.recording import Read, Recording
from streamlab.recut import pieces_until
from streamlab.replay import serve
from streamlab.replay.transport import EitherReplayTransport
from streamlab.schedule import Send
from streamlab.testing.cuts import Cuts, every_cuts, fewest

__all__ = ["every_slicing", "sliced"]

Through = Literal["transport", "server"]

_AROUND_BYTES: Final = 24
_RESULT_CHARS: Final = 200
_SHOWN_CUTS: Final = 5


def every_slicing(
    recording: Recording,
    client: Callable[[Any], Any],
    *,
    seed: int = 0,
    limit: int = 200,
    through: Through = "transport",
) -> int:
    """Runs `client` under at most `limit` ways to cut the body, and returns how many these were.

    `client` is given a transport for httpx or httpx2, or the URL of a server (`through="server"`),
    and returns what it made of the stream; it may be a coroutine function. With each way that must
    be what it makes of the body in one piece. AssertionError with the fewest cuts that make a
    difference, and the bytes around them; what it raises for the whole body is raised as it is.
    """
    if not recording.body:
        raise InputError(f"recording {recording.id} has no body to cut", "take one with a stream")
    run = _through_server if through == "server" else _through_transport
    expected = run(client, sliced(recording, ()))

    def difference(cuts: Cuts) -> str:
        try:
            got = run(client, sliced(recording, cuts))
        except Exception as error:
            return f"it raises {type(error).__name__}: {error}"[:_RESULT_CHARS]
        return "" if got == expected else f"it returns {_short(got)} instead of {_short(expected)}"

    count = 0
    for cuts in every_cuts(recording.body, seed=seed, limit=limit):
        count += 1
        if difference(cuts):
            few = fewest(cuts, lambda fewer: bool(difference(fewer)))
            raise AssertionError(_told(recording.body, few, difference(few)))
    return count


def sliced(recording: Recording, cuts: Cuts) -> Recording:
    """The recording with reads that end at these offsets, each at the time its last byte had."""
    sends = [Send(at_ns=read.at_ns, data=read.data) for read in recording.reads]
    pieces = pieces_until(cuts, sends)
    return replace(recording, reads=tuple(Read(at_ns=p.at_ns, data=p.data) for p in pieces))


def _through_transport(client: Callable[[Any], Any], recording: Recording) -> object:
    return _result(client(EitherReplayTransport([recording], clock=ManualClock())))


def _through_server(client: Callable[[Any], Any], recording: Recording) -> object:
    with serve([recording], speed=0) as server:
        return _result(client(server.url))


def _result(made: Any) -> object:  # noqa: ANN401 - what a client returns
    """What it made; of a coroutine its result, in an event loop of its own."""
    if not inspect.iscoroutine(made):
        return made
    # A test that is a coroutine itself has a running loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, made).result()


def _told(body: bytes, cuts: Cuts, difference: str) -> str:
    places = [f"  at byte {place} of {len(body)}: {_around(body, place)}" for place in cuts]
    more = [f"  … and {len(cuts) - _SHOWN_CUTS} more"] * (len(cuts) > _SHOWN_CUTS)
    said = f"cut {'once' if len(cuts) == 1 else f'{len(cuts)} times'}, {difference}"
    return "\n".join([said, *places[:_SHOWN_CUTS], *more])


def _around(body: bytes, place: int) -> str:
    before, after = body[max(0, place - _AROUND_BYTES) : place], body[place : place + _AROUND_BYTES]
    return f"{before!r} | {after!r}"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _RESULT_CHARS else shown[: _RESULT_CHARS - 1] + "…"
