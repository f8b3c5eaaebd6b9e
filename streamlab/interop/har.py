"""HAR 1.2, the HTTP archive that browsers save (http://www.softwareishard.com/blog/har-12-spec/).

Chrome adds `_eventSourceMessages`, which has the time of every event, and `_error`. Without these
only the times of the response's head and end are known.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from streamlab.errors import InputError
from streamlab.interop.assemble import builder_for, decoded_headers
from streamlab.interop.bodies import EVENT_STREAM, cut, kind_of
from streamlab.interop.document import Node
from streamlab.recording import UNTIMED, EndReason, Header, Recording, RecordingBuilder, Request
from streamlab.sse import Event, decode, encode

__all__ = ["looks_like_har", "read_har"]

_START: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:\s*\{')
_HINT: Final = "export it again: the browser's network panel, `Save all as HAR with content`"
_NS_PER_MS: Final = 1_000_000
_LONGEST_MS: Final = 1e12  # 30 years; a library's numbers end at 290


def looks_like_har(data: bytes) -> bool:
    """Whether it is an object whose first field is `log`."""
    return _START.match(data) is not None


def read_har(data: bytes, file: str, *, every: bool = False) -> list[Recording]:
    """The recordings of the entries that are streams, or of `every` entry.

    InputError if the file is no HAR, or holds no such entry.
    """
    try:
        document = Node(json.loads(data), file, _HINT)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}", _HINT) from error
    entries = document.part("log").parts("entries")
    chosen = [entry for entry in entries if every or _is_stream(entry)]
    if not chosen:
        hint = "take every entry with --all" if entries else _HINT
        raise InputError(f"{file}: none of {len(entries)} entries is a stream", hint)
    return [_recording(entry, file) for entry in chosen]


def _is_stream(entry: Node) -> bool:
    return entry.has("_eventSourceMessages") or kind_of(_response_headers(entry)) is not None


def _recording(entry: Node, file: str) -> Recording:
    instants = _instants(entry)
    reads = _reads(entry, instants)
    started = entry.text("startedDateTime", "")
    builder = builder_for(
        _request(entry.part("request")),
        file=file,
        source="har",
        identity=(entry.place.removeprefix(file), started, reads),
        tags=() if entry.has("_eventSourceMessages") or not reads else (UNTIMED,),
        started_at=_utc(entry, started),
    )
    _mark(builder, instants)
    _respond(builder, entry, instants, b"".join(data for _, data in reads))
    for at_ns, data in reads:
        builder.read(at_ns, data)
    builder.finish(instants.end_ns, *_ending(entry))
    return builder.build()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instants:
    """Instants of an entry as offsets from its start; None where there was none."""

    connected_ns: int | None
    secured_ns: int | None
    sent_ns: int
    head_ns: int
    end_ns: int


def _instants(entry: Node) -> _Instants:
    """The timings, which are durations in ms, added up; -1 says that a phase did not take place.
    `ssl` is a part of `connect`."""
    timings = entry.part("timings")

    def lasted(phase: str) -> float:
        return max(0.0, timings.number(phase, -1))

    connected = lasted("blocked") + lasted("dns") + lasted("connect")
    sent = connected + lasted("send")
    head = sent + lasted("wait")
    return _Instants(
        connected_ns=_ns(connected - lasted("ssl")) if lasted("connect") else None,
        secured_ns=_ns(connected) if lasted("ssl") else None,
        sent_ns=_ns(sent),
        head_ns=_ns(head),
        end_ns=_ns(head + lasted("receive")),
    )


def _ns(ms: float) -> int:
    return round(min(max(0.0, ms), _LONGEST_MS) * _NS_PER_MS)


def _mark(builder: RecordingBuilder, instants: _Instants) -> None:
    if instants.connected_ns is not None:
        builder.mark("connected", instants.connected_ns)
    if instants.secured_ns is not None:
        builder.mark("tls", instants.secured_ns)
    builder.mark("request_sent", instants.sent_ns)


def _respond(builder: RecordingBuilder, entry: Node, instants: _Instants, body: bytes) -> None:
    response = entry.part("response")
    if status := response.status("status"):
        headers = decoded_headers(_response_headers(entry), body)
        version = _http_version(response.text("httpVersion", ""))
        builder.respond(instants.head_ns, status, headers, version)


def _http_version(spelled: str) -> str:
    """Browsers write `HTTP/1.1`, `http/2.0`, `h2`, `h3` …"""
    match spelled.lower().removeprefix("http/").removeprefix("h")[:2]:
        case "1.":
            return spelled.upper()
        case "2" | "2.":
            return "HTTP/2"
        case "3" | "3.":
            return "HTTP/3"
        case _:
            return "HTTP/1.1"


def _request(request: Node) -> Request:
    return Request(
        method=request.text("method"),
        url=request.text("url"),
        headers=_headers(request),
        body=request.part("postData").octets("text"),
    )


def _headers(message: Node) -> tuple[Header, ...]:
    """The headers, without HTTP/2's pseudo-headers (`:method`, …)."""
    pairs = [(each.text("name"), each.text("value", "")) for each in message.parts("headers")]
    return tuple(pair for pair in pairs if not pair[0].startswith(":"))


def _response_headers(entry: Node) -> tuple[Header, ...]:
    """The headers; the content's type counts as one if it is missing among them."""
    response = entry.part("response")
    headers = _headers(response)
    media_type = response.part("content").text("mimeType", "")
    if not media_type or any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return (*headers, ("Content-Type", media_type))


def _body(entry: Node) -> bytes:
    content = entry.part("response").part("content")
    is_base64 = content.text("encoding", "").lower() == "base64"
    return content.base64("text") if is_base64 else content.octets("text")


def _reads(entry: Node, instants: _Instants) -> list[tuple[int, bytes]]:
    """Times and bytes. The body's own bytes are cut where they hold the events that Chrome timed;
    else the events are written anew, or the pieces of the body all come with the head."""
    body = _body(entry)
    if not entry.has("_eventSourceMessages"):
        kind = kind_of(_response_headers(entry))
        return [(instants.head_ns, piece) for piece in cut(body, kind)]
    messages = entry.parts("_eventSourceMessages")
    times = [_message_ns(message, entry) for message in messages]
    pieces = _cut_at_events(body, [message.text("data", "") for message in messages])
    return list(zip(times, pieces or _encoded(messages), strict=True))


def _message_ns(message: Node, entry: Node) -> int:
    """Chrome's times are seconds since 1970."""
    started = _moment(entry, entry.text("startedDateTime"))
    return _ns((message.number("time") - started.timestamp()) * 1000)


def _cut_at_events(body: bytes, data: Sequence[str]) -> list[bytes] | None:
    """The body with a piece for each event, or None if it does not hold just these. What stands
    between two events comes with the later one, what stands after the last with that."""
    events = [item for item in decode(body) if isinstance(item, Event)]
    if not events or [event.data for event in events] != list(data):
        return None
    stops = [event.stop + body.startswith(b"\n", event.stop) for event in events[:-1]]
    return [body[start:stop] for start, stop in pairwise([0, *stops, len(body)])]


def _encoded(messages: Sequence[Node]) -> list[bytes]:
    """The events as bytes; an id is written where it changes."""
    pieces, last_id = [], ""
    for message in messages:
        event_id = message.text("eventId", "")
        event = Event(
            type=message.text("eventName", "") or "message",
            data=message.text("data", ""),
            id=event_id if event_id != last_id else None,
            start=0,
            stop=0,
        )
        last_id = event_id
        try:
            pieces.append(encode(event))
        except ValueError as error:
            raise message.error(f"no {EVENT_STREAM.label} can hold it: {error}") from error
    return pieces


def _ending(entry: Node) -> tuple[EndReason, str]:
    """How it ended: Chrome's `_error` is a name such as net::ERR_ABORTED."""
    said = entry.part("response").text("_error", "")
    if "ABORTED" in said:
        return "client_closed", said
    if "RESET" in said:
        return "reset", said
    if said or not entry.part("response").status("status"):
        return "truncated", said
    if _is_body_lost(entry):
        return "recorder_died", "the HAR has no body of this response"
    return "complete", ""


def _is_body_lost(entry: Node) -> bool:
    """Browsers drop large bodies, and can export without any."""
    content = entry.part("response").part("content")
    is_kept = content.has("text") or entry.has("_eventSourceMessages")
    return not is_kept and content.number("size", 0) > 0


def _moment(entry: Node, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise entry.error(f"startedDateTime {text[:40]!r} is no time (ISO 8601)") from error


def _utc(entry: Node, text: str) -> str:
    if not text:
        return ""
    moment = _moment(entry, text)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
