"""Recordings as raw records of aiperf (`--export-level raw`), a line of JSON for each.

Source: `RawRecordInfo` in aiperf 0.13. Times are those of its clocks: `perf_ns` counts from t0
here, `request_start_ns` from 1970. What a benchmark alone knows (workers, sessions) is made plain:
`streamlab`, and the number of the line.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Final

from streamlab.content_coding import decoded_body
from streamlab.dialect.delta import parse_json
from streamlab.interop.wall_time import started_ns
from streamlab.json_text import json_text
from streamlab.recording import Header, Recording, media_type
from streamlab.sse import Comment, Event
from streamlab.timeline import Arrival, framed_arrivals

__all__ = ["aiperf_text"]

_OURS: Final = "streamlab"


def aiperf_text(recordings: Iterable[Recording]) -> str:
    """A line for each recording."""
    return "".join(
        json_text(_record(recording, number)) + "\n" for number, recording in enumerate(recordings)
    )


def _record(recording: Recording, number: int) -> dict[str, Any]:
    request, response = recording.request, recording.response
    payload = parse_json(request.body.decode("utf-8", "replace"))[0]
    return {
        "metadata": _metadata(recording, number),
        "start_perf_ns": 0,
        **({"payload": payload} if isinstance(payload, dict) else {}),
        "request_headers": _headers(request.headers),
        **({"status": response.status} if response else {}),
        **({"response_headers": _headers(response.headers)} if response else {}),
        "responses": _responses(recording),
        **_error(recording),
    }


def _metadata(recording: Recording, number: int) -> dict[str, Any]:
    begun_ns = started_ns(recording)
    response, end = recording.response, recording.end
    last_ns = recording.reads[-1].at_ns if recording.reads else 0
    acknowledged = {"request_ack_ns": begun_ns + response.at_ns} if response else {}
    return {
        "session_num": number,
        "x_request_id": recording.id,
        "request_start_ns": begun_ns,
        **acknowledged,
        "request_end_ns": begun_ns + (end.at_ns if end else last_ns),
        "worker_id": _OURS,
        "record_processor_id": _OURS,
        "benchmark_phase": "profiling",
        "was_cancelled": end is not None and end.reason == "client_closed",
    }


def _headers(headers: tuple[Header, ...]) -> dict[str, str]:
    """Of several with one name the last: the format has one value each."""
    return dict(headers)


def _error(recording: Recording) -> dict[str, Any]:
    """How a stream failed; a client that left is `was_cancelled`."""
    response, end = recording.response, recording.end
    if response is not None and response.status >= 400:
        said = f"HTTP {response.status}"
        return {"error": {"code": response.status, "type": "HTTPError", "message": said}}
    if end is None or end.reason in {"complete", "client_closed"}:
        return {}
    return {"error": {"type": end.reason, "message": end.detail or end.reason}}


def _responses(recording: Recording) -> list[dict[str, Any]]:
    """The messages of an event stream with the time of the read that completed each; another body
    whole, at the time of its last read."""
    framing, arrived = framed_arrivals(recording)
    if framing == "event-stream":
        return list(_messages(arrived))
    return [_whole(recording)] if recording.reads else []


def _messages(arrived: Iterable[Arrival]) -> Iterator[dict[str, Any]]:
    """Events and comments, by field. An id stands where it changes; each line of data is a field,
    and values are stripped, as by aiperf's own reader."""
    last_id: str | None = None
    for arrival in arrived:
        match arrival.item:
            case Event(type=type_, data=data, id=event_id):
                fields = [("data", line) for line in data.split("\n")]
                fields[:0] = [] if event_id in {None, last_id} else [("id", event_id or "")]
                fields[:0] = [] if type_ == "message" else [("event", type_)]
                last_id = event_id
            case Comment(text=text):
                fields = [("comment", text)]
            case _:
                continue
        packets = [{"name": name, "value": value.strip()} for name, value in fields]
        yield {"perf_ns": arrival.at_ns, "packets": packets}


def _whole(recording: Recording) -> dict[str, Any]:
    body = decoded_body(recording)
    headers = recording.response.headers if recording.response else ()
    about = {"perf_ns": recording.reads[-1].at_ns, "content_type": media_type(headers)}
    try:
        return about | {"text": body.decode()}
    except UnicodeDecodeError:
        return about | {"raw_bytes": base64.b64encode(body).decode("ascii")}
