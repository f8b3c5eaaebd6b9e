"""Recordings as HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), as Chrome writes it:
events with their times in `_eventSourceMessages`, what broke in `_error`.

Read boundaries are lost, and the times of events are doubles of seconds since 1970: exact to a
quarter of a microsecond. Bodies are as they are decoded, byte for byte.
"""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from streamlab.content_coding import decoded_body
from streamlab.interop.wall_time import started_ns
from streamlab.json_text import json_text
from streamlab.recording import UNTIMED, EndReason, Header, Recording, Request, header_value
from streamlab.sse import Event
from streamlab.timeline import framed_arrivals
from streamlab.version import __version__

__all__ = ["har_text"]

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

# In Chrome's words, by which import tells them apart.
_ERRORS: Final[dict[EndReason, str]] = {
    "truncated": "net::ERR_CONNECTION_CLOSED",
    "reset": "net::ERR_CONNECTION_RESET",
    "timeout": "net::ERR_TIMED_OUT",
    "protocol_error": "net::ERR_INVALID_HTTP_RESPONSE",
    "client_closed": "net::ERR_ABORTED",
    "unreachable": "net::ERR_CONNECTION_FAILED",
    "recorder_died": "net::ERR_FAILED",
}


def har_text(recordings: Iterable[Recording]) -> str:
    """A HAR with an entry for each recording."""
    log = {
        "version": "1.2",
        "creator": {"name": "streamlab", "version": __version__},
        "pages": [],
        "entries": [_entry(recording) for recording in recordings],
    }
    return json_text({"log": log}, indent=1) + "\n"


def _entry(recording: Recording) -> dict[str, Any]:
    begun_ns = started_ns(recording)
    moment = datetime.fromtimestamp(begun_ns // _NS_PER_S, UTC)
    moment = moment.replace(microsecond=begun_ns % _NS_PER_S // 1000)
    timings = _timings(recording)
    messages = _messages(recording, begun_ns)
    return {
        "startedDateTime": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "time": sum(lasted for name, lasted in timings.items() if lasted > 0 and name != "ssl"),
        "request": _request(recording.request, _version(recording)),
        "response": _response(recording),
        "cache": {},
        "timings": timings,
        **({"comment": recording.name} if recording.name else {}),
        **({"_eventSourceMessages": messages} if messages else {}),
    }


def _version(recording: Recording) -> str:
    return recording.response.http_version if recording.response else "HTTP/1.1"


def _timings(recording: Recording) -> dict[str, float]:
    """The phases in ms, one after the other; -1 is one that did not take place. `ssl` is a part of
    `connect`."""
    marks = {mark.name: mark.at_ns for mark in recording.marks}
    connected_ns = marks.get("connected", marks.get("tls", 0))
    secured_ns = max(connected_ns, marks.get("tls", 0))
    sent_ns = max(secured_ns, marks.get("request_sent", 0))
    head_ns = max(sent_ns, recording.response.at_ns if recording.response else 0)
    last_ns = recording.reads[-1].at_ns if recording.reads else 0
    end_ns = max(head_ns, recording.end.at_ns if recording.end else last_ns)
    return {
        "blocked": -1,
        "dns": -1,
        "connect": secured_ns / _NS_PER_MS if secured_ns else -1,
        "ssl": (secured_ns - connected_ns) / _NS_PER_MS if "tls" in marks else -1,
        "send": (sent_ns - secured_ns) / _NS_PER_MS,
        "wait": (head_ns - sent_ns) / _NS_PER_MS,
        "receive": (end_ns - head_ns) / _NS_PER_MS,
    }


def _request(request: Request, version: str) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": version,
        "headers": _headers(request.headers),
        "queryString": _query(request.url),
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(request.body),
        **({"postData": _post_data(request)} if request.body else {}),
    }


def _query(url: str) -> list[dict[str, str]]:
    try:
        pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:  # no URL
        return []
    return [{"name": name, "value": value} for name, value in pairs]


def _post_data(request: Request) -> dict[str, str]:
    """A HAR's request has text only: what is none in UTF-8 loses its broken bytes."""
    media_type = header_value(request.headers, "content-type") or ""
    return {"mimeType": media_type, "text": request.body.decode("utf-8", "replace")}


def _headers(headers: tuple[Header, ...]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _response(recording: Recording) -> dict[str, Any]:
    """The response; status 0 where there was none."""
    response, end = recording.response, recording.end
    headers = response.headers if response else ()
    error = _ERRORS.get(end.reason) if end else _ERRORS["recorder_died"]
    return {
        "status": response.status if response else 0,
        "statusText": _PHRASES.get(response.status, "") if response else "",
        "httpVersion": _version(recording),
        "headers": _headers(headers),
        "cookies": [],
        "content": _content(recording, headers),
        "redirectURL": header_value(headers, "location") or "",
        "headersSize": -1,
        "bodySize": len(recording.body),
        **({"_error": error} if error else {}),
    }


def _content(recording: Recording, headers: tuple[Header, ...]) -> dict[str, Any]:
    body = decoded_body(recording)
    media_type = header_value(headers, "content-type") or ""
    content: dict[str, Any] = {"size": len(body), "mimeType": media_type}
    try:
        return content | {"text": body.decode()}
    except UnicodeDecodeError:
        return content | {"encoding": "base64", "text": base64.b64encode(body).decode("ascii")}


def _messages(recording: Recording, begun_ns: int) -> list[dict[str, Any]]:
    """The events of an event stream, in Chrome's fields; none where their times mean nothing."""
    framing, arrived = framed_arrivals(recording)
    if framing != "event-stream" or UNTIMED in recording.tags:
        return []
    return [
        {
            "time": (begun_ns + arrival.at_ns) / _NS_PER_S,
            "eventName": event.type,
            "eventId": event.id or "",
            "data": event.data,
        }
        for arrival in arrived
        if isinstance(event := arrival.item, Event)
    ]
