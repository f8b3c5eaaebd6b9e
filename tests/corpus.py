"""The corpus of real bodies beside the checkout, and what an independent scan saw in each."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streamlab.analysis import read_stream
from streamlab.content_coding import decoded_body
from streamlab.interop.bodies import AWS_EVENTS, EVENT_STREAM, JSON, NDJSON, BodyKind
from streamlab.recording import Recording
from streamlab.sse import Comment, Issue, Retry

__all__ = [
    "CONFORMANCE",
    "CORPUS",
    "DIFFERENCES",
    "entries",
    "kind_of_entry",
    "needs_conformance",
    "needs_corpus",
    "scans",
    "seen",
]

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
CONFORMANCE = CORPUS.parent / "conformance"


def needs_corpus(test: Any) -> Any:
    """Marks a test that reads the corpus."""
    there = pytest.mark.skipif(not CORPUS.exists(), reason="no corpus beside this checkout")
    return pytest.mark.corpus(there(test))


def needs_conformance(test: Any) -> Any:
    """Marks a test that reads the labelled cases beside the corpus."""
    there = pytest.mark.skipif(not CONFORMANCE.exists(), reason="no cases beside this checkout")
    return pytest.mark.corpus(there(test))


def entries() -> list[dict[str, Any]]:
    """The lines of its manifest."""
    return _lines("manifest.jsonl")


def scans() -> dict[str, dict[str, Any]]:
    """The lines of its scan, by the body's id."""
    return {line["id"]: line for line in _lines("scan.jsonl")}


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text("utf-8").splitlines()]


_KINDS = {
    "sse": EVENT_STREAM,
    "ndjson": NDJSON,
    "payload-lines": NDJSON,
    "aws-eventstream": AWS_EVENTS,
}


def kind_of_entry(entry: dict[str, Any]) -> BodyKind:
    """What kind of body the manifest says it is; a JSON document or array unless it is a stream."""
    return _KINDS.get(entry["kind"], JSON)


def seen(recording: Recording, kind: BodyKind) -> dict[str, Any]:
    """What streamlab sees in a recording, by the names that the scan has for it."""
    stream = read_stream(recording)
    assert stream.framing in _FRAMINGS[kind.name]
    items = [arrival.item for arrival in stream.arrived]
    data = [each.event.data for each in stream.events]
    names = dict(Counter(each.event.type for each in stream.events))
    body = decoded_body(recording)
    match stream.framing:
        case "event-stream":
            found = _seen_events(items, data, names)
        case "json-lines":
            invalid = sum(not _is_json(each) for each in data)
            found = {"events_lines": len(data), "json_invalid": invalid}
        case "aws-event-stream":
            found = _seen_messages(items, data, names)
        case "json-array":  # the scan takes it for one document, and does not count its elements
            assert json.loads(body) == [json.loads(each) for each in data]
            found = {"json_invalid": 0}
        case _:
            found = {}
    return {"bytes": len(body)} | found


_FRAMINGS = {
    EVENT_STREAM.name: {"event-stream"},
    NDJSON.name: {"json-lines"},
    AWS_EVENTS.name: {"aws-event-stream"},
    JSON.name: {"json-array", "none"},
}


def _seen_messages(items: list[Any], data: list[str], names: dict[str, int]) -> dict[str, Any]:
    issues = [item for item in items if isinstance(item, Issue)]
    return {
        "frames": len(data),
        "event_names": names,
        "crc_errors": sum(issue.code == "aws-crc" for issue in issues),
        "trailing_bytes": sum(issue.stop - issue.start for issue in issues),
        "json_invalid": sum(not _is_json(_unwrapped(each)) for each in data),
    }


def _unwrapped(payload: str) -> str:
    """The model's own event in a payload, where it holds one."""
    wrapped = json.loads(payload).get("bytes")
    return payload if wrapped is None else base64.b64decode(wrapped).decode()


def _seen_events(items: list[Any], data: list[str], names: dict[str, int]) -> dict[str, Any]:
    issues = [item.code for item in items if isinstance(item, Issue)]
    done = [index for index, each in enumerate(data) if each.strip() == "[DONE]"]
    return {
        "events_httpx_sse": len(data),
        "events_eventsource_parser": len(data),
        "events_eventsource_parser_flush": len(data),
        "event_names": names,
        "comments": sum(isinstance(item, Comment) for item in items),
        "retry_lines": sum(isinstance(item, Retry) for item in items),
        "max_data_chars": max(map(len, data), default=0),
        "done": bool(done),
        "done_count": len(done),
        "events_after_done": len(data) - 1 - done[0] if done else None,
        "json_invalid": sum(not _is_json(each) for each in data if each.strip() != "[DONE]"),
        "final_blank_line": "unterminated-event" not in issues,
    }


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# Where streamlab and the scan differ: the field, what streamlab sees, what the scan has, and why.
DIFFERENCES: dict[str, dict[str, tuple[Any, Any, str]]] = {
    # streamlab follows the standard. The body ends with `:408: 408 Request Timeout` and an empty
    # line, after events with ids. In the WHATWG text (9.2.6, "dispatch the event", step 2) an empty
    # data buffer means that nothing is dispatched. httpx-sse asks whether type, data, id and retry
    # are all empty, and keeps the last id, so that it has an event without data there; the scan has
    # names and data from it. Its other parser, eventsource-parser, has the 25 of streamlab.
    "replicate-streams-001": {
        "events_httpx_sse": (25, 26, "httpx-sse dispatches a block without data"),
        "event_names": (
            {"output": 24, "done": 1},
            {"output": 24, "done": 1, "message": 1},
            "the same event: of no type, thus `message`",
        ),
        "json_invalid": (24, 25, "the same event: its data, which is empty, is no JSON"),
    },
}
