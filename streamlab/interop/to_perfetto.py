"""Recordings as a trace for Perfetto and chrome://tracing: a track for each stream.

Source: "Trace Event Format" (the JSON that https://ui.perfetto.dev opens); times are µs. t0 of the
earliest recording is 0, and the others stand where they began after it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from streamlab.analysis import Analysis, Instant, Marks, Stream, analyze, read_stream
from streamlab.dialect import main_delta
from streamlab.interop.wall_time import started_ns
from streamlab.json_text import json_text
from streamlab.recording import UNTIMED, Recording

__all__ = ["perfetto_text"]

_PID: Final = 1
_NS_PER_US: Final = 1000
_TEXT_CHARS: Final = 200

TraceEvent = dict[str, Any]


def perfetto_text(recordings: Iterable[Recording]) -> str:
    """A trace of recordings. Those without times are tracks without anything on them."""
    tracks = list(recordings)
    first_ns = min(map(started_ns, tracks), default=0)
    events: list[TraceEvent] = [_named("process_name", 0, "streamlab")]
    for tid, recording in enumerate(tracks, start=1):
        label = recording.name or recording.id
        events.append(_named("thread_name", tid, f"{label} {recording.request.url}"))
        if UNTIMED not in recording.tags:
            events += _track(recording, tid, started_ns(recording) - first_ns)
    return json_text({"traceEvents": events, "displayTimeUnit": "ms"}) + "\n"


def _named(what: str, tid: int, name: str) -> TraceEvent:
    return {"ph": "M", "name": what, "pid": _PID, "tid": tid, "ts": 0, "args": {"name": name}}


def _track(recording: Recording, tid: int, offset_ns: int) -> Iterator[TraceEvent]:
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    for name, start_ns, stop_ns in _phases(analysis.marks):
        yield {
            "ph": "X",
            "name": name,
            "cat": "phase",
            "pid": _PID,
            "tid": tid,
            "ts": (offset_ns + start_ns) / _NS_PER_US,
            "dur": (stop_ns - start_ns) / _NS_PER_US,
            "args": _facts(recording, analysis) if name == "waiting" else {},
        }
    for each in _instants(stream):
        yield each | {"pid": _PID, "tid": tid, "ts": (offset_ns + each["ts"]) / _NS_PER_US}
    for at_ns, counted in _counts(stream):
        yield {
            "ph": "C",
            "name": f"output of stream {tid}",
            "pid": _PID,
            "tid": tid,
            "ts": (offset_ns + at_ns) / _NS_PER_US,
            "args": counted,
        }


def _phases(marks: Marks) -> Iterator[tuple[str, int, int]]:
    """Waiting until the first output, reasoning until the first that is none, generation until the
    last, and the tail. A stream without output or end only has the phases that are known."""
    eof = marks.eof
    first, answer, last = marks.first_token, marks.first_answer, marks.last_token
    if first is None or last is None:
        if eof is not None:
            yield "waiting", 0, eof.at_ns
        return
    yield "waiting", 0, first.at_ns
    thought: Instant = answer or last
    if thought.at_ns > first.at_ns:
        yield "reasoning", first.at_ns, thought.at_ns
    if answer is not None:
        yield "generation", answer.at_ns, last.at_ns
    if eof is not None:
        yield "tail", last.at_ns, eof.at_ns


def _facts(recording: Recording, analysis: Analysis) -> dict[str, Any]:
    return {
        "recording": recording.id,
        "dialect": analysis.dialect,
        "status": analysis.status,
        "end": analysis.end.reason if analysis.end else None,
        "output_tokens": analysis.output_tokens,
    }


def _instants(stream: Stream) -> Iterator[TraceEvent]:
    for seq, event in enumerate(stream.events):
        main = main_delta(event.deltas)
        args = {"seq": seq, "type": event.event.type, "text": main.text[:_TEXT_CHARS]}
        instant = {"ph": "i", "s": "t", "name": main.kind, "cat": "event"}
        yield instant | {"ts": event.arrival.at_ns, "args": args}


def _counts(stream: Stream) -> Iterator[tuple[int, dict[str, int]]]:
    """The output so far: its events, and its tokens where the provider has stated some by then."""
    events = 0
    tokens: int | None = None
    for event in stream.events:
        stated = [d.usage.completion_tokens for d in event.deltas if d.usage is not None]
        tokens = next((count for count in stated if count is not None), tokens)
        if event.is_output or stated:
            events += event.is_output
            counted = {} if tokens is None else {"tokens": tokens}
            yield event.arrival.at_ns, {"events": events, **counted}
