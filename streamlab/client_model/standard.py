"""Clients that read an event stream as the standard has it, and curl, which does not read it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from streamlab.client_model import transport
from streamlab.client_model.body import Body
from streamlab.client_model.model import (
    ClientModel,
    DiedError,
    Piece,
    Reason,
    Seen,
    node_json,
    run,
)
from streamlab.recording import media_type
from streamlab.sse import Event, decode

__all__ = ["CURL", "EVENTSOURCE", "EVENTSOURCE_PARSER"]


def _events(data: bytes) -> Iterator[Piece | Reason]:
    for item in decode(data):
        if isinstance(item, Event):
            yield Piece(item.data, item.start, item.stop)


# EventSource -------------------------------------------------------------------------------------


def _eventsource(body: Body) -> Iterator[Piece | Reason]:
    if media_type((("Content-Type", body.content_type),)) != "text/event-stream":
        raise DiedError("error", "the Content-Type is not text/event-stream: it closes", 0, 0)
    yield from _events(body.data)


_AGAIN: Final = "it takes the end for a lost connection and asks again: the answer comes twice"


def _read_eventsource(body: Body) -> Seen:
    # Every break is an end to it, and every end a lost connection.
    seen = run(replace(body, broken=None), _eventsource(body), transport.NODE, json_rule=node_json)
    if seen.error is not None or seen.has_stopped:
        return seen
    again = Reason(_AGAIN, seen.at, seen.at)
    return replace(seen, asks_again=True, reasons=(*seen.reasons, again))


def _can_get(body: Body) -> bool:
    return body.method == "GET"


EVENTSOURCE: Final = ClientModel(
    name="eventsource",
    title="EventSource in a browser",
    versions="Chromium 156",
    source="WHATWG HTML, 9.2; examples/clients/eventsource.html",
    read=_read_eventsource,
    applies=_can_get,
)
"""An event with a name reaches those that listen for that name, not `onmessage`: the program is
taken to listen for all that the stream has, and to close it at [DONE]."""


# eventsource-parser ------------------------------------------------------------------------------


def _eventsource_parser(body: Body) -> Iterator[Piece | Reason]:
    bom = "\ufeff".encode()
    # TextDecoderStream drops one byte order mark, and the parser another.
    offset = len(bom) if body.data.startswith(bom * 2) else 0
    if offset:
        yield Reason("it drops two byte order marks, not one", 0, 2 * offset)
    for each in _events(body.data[offset:]):
        yield each._replace(start=each.start + offset, stop=each.stop + offset)


def _read_eventsource_parser(body: Body) -> Seen:
    return run(body, _eventsource_parser(body), transport.NODE, json_rule=node_json)


EVENTSOURCE_PARSER: Final = ClientModel(
    name="eventsource-parser",
    title="eventsource-parser for Node, which the AI SDK of Vercel is built on",
    versions="eventsource-parser 4.1",
    source="eventsource-parser/dist/parse.js, dist/stream.js",
    read=_read_eventsource_parser,
)
"""The program around it parses each event with JSON.parse. Vercel's own, which makes an error part
of what is no JSON and goes on, is not modelled. Until version 3 it held back a last event that a
bare CR ended."""


# curl --------------------------------------------------------------------------------------------


def _read_curl(body: Body) -> Seen:
    return run(body, _events(body.data), transport.CURL, is_end=_never)


def _never(_: str) -> bool:
    return False


CURL: Final = ClientModel(
    name="curl",
    title="curl, `-N --compressed`",
    versions="curl 7.88",
    source="its exit codes; whoever reads its output has all bytes",
    read=_read_curl,
)
"""It hands on bytes: what is counted here as handed on are the standard's events in them."""
