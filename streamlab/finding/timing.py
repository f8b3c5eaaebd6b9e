"""SL5xx: when things came, and what did not come."""

from collections.abc import Iterator
from typing import Final

from streamlab.analysis import Gap, silence
from streamlab.finding.example import HEALTHY, HEL, LO, Example
from streamlab.finding.rule import rule
from streamlab.finding.spot import Spot, quoted
from streamlab.finding.subject import Subject

__all__: list[str] = []

_S: Final = 1_000_000_000
# So many events in one read are no accident.
_BURST_EVENTS: Final = 4
_STEP_CAUSE: Final = "a step without output ran, and then the model was asked anew"
_NAMED_STEPS: Final = 3


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / _S:,.3g} s" if duration_ns < 1000 * _S else f"{duration_ns // _S:,} s"


@rule(
    "SL501",
    "slow-first-byte",
    "warning",
    cause="the server queues, starts a model, or reads a long prompt before it answers",
    hint="send the head at once, before the model has begun",
    example=Example(pieces=HEALTHY, head_at_ns=12 * _S),
)
def _slow_head(subject: Subject) -> Iterator[Spot]:
    """The response head came late."""
    ttfb_ns, limit_ns = subject.analysis.ttfb_ns, subject.limits.first_byte_ns
    if ttfb_ns is not None and ttfb_ns > limit_ns:
        message = f"the head came after {_seconds(ttfb_ns)}, later than {_seconds(limit_ns)}"
        yield subject.at_head(message)


@rule(
    "SL502",
    "slow-first-token",
    "warning",
    cause="a long prompt, a queue, or reasoning that is not sent",
    hint="compare with a short prompt; look at what comes before the first token",
    example=Example(pieces=(b": x\n\n", b": x\n\n", *HEALTHY), gap_ns=15 * _S, along=("SL503",)),
)
def _slow_token(subject: Subject) -> Iterator[Spot]:
    """The first output came late."""
    ttft_ns, limit_ns = subject.analysis.ttft_ns, subject.limits.first_token_ns
    if ttft_ns is not None and ttft_ns > limit_ns:
        first = next(n for n, event in enumerate(subject.events) if event.is_output)
        message = f"output came after {_seconds(ttft_ns)}, later than {_seconds(limit_ns)}"
        yield subject.at_event(first, message)


@rule(
    "SL503",
    "stall",
    "warning",
    cause="the model, or a proxy that holds back, paused",
    hint="look at gaps of several recordings; raise the limit if the model is just slow",
    example=Example(pieces=HEALTHY, gap_ns=_S),
)
def _stall(subject: Subject) -> Iterator[Spot]:
    """No output came for longer than the limit; info where a tool, or another step without output,
    ran meanwhile."""
    for stall in subject.analysis.stalls:
        reason = _reason(subject, stall)
        message = f"no output for {_seconds(stall.duration_ns)}{reason}"
        number = stall.event
        spot = subject.at_end(message) if number is None else subject.at_event(number, message)
        yield spot._replace(severity="info", cause=_STEP_CAUSE) if reason else spot


def _reason(subject: Subject, stall: Gap) -> str:
    """Which steps explain a stall, and for how long they ran; "" if none do. After them the model
    is asked anew, and may take as long as for its first token."""
    steps, running_ns, idle_ns, after_ns = silence(
        subject.analysis.steps, stall.start_ns, stall.stop_ns
    )
    limits = subject.limits
    if not running_ns or idle_ns > limits.stall_ns or after_ns > limits.first_token_ns:
        return ""
    names = list(dict.fromkeys(quoted(step.label or step.name) for step in steps))
    more = ", …" if len(names) > _NAMED_STEPS else ""
    return f", in which {', '.join(names[:_NAMED_STEPS])}{more} ran for {_seconds(running_ns)}"


@rule(
    "SL504",
    "hang-after-end",
    "warning",
    cause="the server, or a proxy, does not close the stream that it has ended",
    hint="close the response after the end marker; in a client, leave at the marker",
    example=Example(pieces=HEALTHY, tail_ns=3 * _S),
)
def _hang_after_end(subject: Subject) -> Iterator[Spot]:
    """The connection stays open after the end of the stream; an error if it was never closed."""
    end = subject.end
    if end is None or not subject.is_over or not subject.events:
        return
    if subject.end_event is not None:
        over_ns = subject.events[subject.end_event].arrival.at_ns
    else:
        over_ns = subject.events[-1].arrival.at_ns
    open_ns = end.at_ns - over_ns
    if end.reason == "timeout":
        message = f"the connection was still open {_seconds(open_ns)} after the end"
        yield subject.at_end(message, end.detail, "error")
    elif end.reason == "complete" and subject.is_timed and open_ns > subject.limits.hang_ns:
        yield subject.at_end(f"the connection stayed open for {_seconds(open_ns)} after the end")


@rule(
    "SL505",
    "hang-before-finish",
    "error",
    cause="the server, or its upstream, died without closing the connection",
    hint="send keep-alives, and close the stream when the upstream fails",
    example=Example(pieces=(HEL, LO), reason="timeout", along=("SL401", "SL404")),
)
def _hang(subject: Subject) -> Iterator[Spot]:
    """The server fell silent before the end of the stream, until the recorder gave up."""
    end = subject.end
    if end is not None and end.reason == "timeout" and not subject.is_over:
        yield subject.at_end("the server fell silent before the end", end.detail)


@rule(
    "SL506",
    "heartbeat-only",
    "warning",
    cause="the request waits in a queue, or the work behind it has died",
    hint="look into the server's log; limit the time in which something has to come",
    example=Example(pieces=(b": keep-alive\n\n",) * 3),
)
def _heartbeat_only(subject: Subject) -> Iterator[Spot]:
    """Only comments or blocks without data came, and no event."""
    beats = [*subject.comments, *subject.issues.get("no-data", ())]
    if beats and not subject.events and subject.recording.end is not None:
        yield subject.at_end(f"{len(beats)} heartbeats came, and nothing else")


@rule(
    "SL507",
    "burst-delivery",
    "warning",
    cause="a proxy buffers, or a compressor is not flushed",
    hint="turn off buffering (proxy_buffering off, X-Accel-Buffering: no) and compression",
    example=Example(pieces=(b"".join(HEALTHY),), gap_ns=8 * _S),
)
def _burst(subject: Subject) -> Iterator[Spot]:
    """The whole stream came in one read after a long wait: it was buffered on the way."""
    events = subject.events
    if len(events) < _BURST_EVENTS or not subject.is_timed:
        return
    first, last = events[0].arrival, events[-1].arrival
    is_burst = first.read_index == last.read_index and first.at_ns > subject.limits.burst_ns
    if is_burst and subject.analysis.output_events > 1:
        message = f"all {len(events)} events came in one read after {_seconds(first.at_ns)}"
        yield subject.at_event(0, message)


@rule(
    "SL508",
    "client-abort",
    "info",
    cause="the client has what it wants, was stopped, or ran into a limit of its own",
    hint="if that was not wanted, look at the client's timeouts",
    example=Example(pieces=HEALTHY, reason="client_closed"),
)
def _left(subject: Subject) -> Iterator[Spot]:
    """Our side ended the stream: the client hung up, or the recorder died. An error before the end
    of the stream, since the recording is not whole."""
    end = subject.end
    if end is None or end.reason not in ("client_closed", "recorder_died"):
        return
    is_whole = subject.is_over and end.reason == "client_closed"
    who = "the client hung up" if end.reason == "client_closed" else "the recorder died"
    when = "after the end of the stream" if is_whole else "before the end of the stream"
    yield subject.at_end(f"{who} {when}", end.detail, "info" if is_whole else "error")
