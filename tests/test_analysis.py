"""The numbers of one stream, from recordings small enough to check by hand."""

import json
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.analysis import analyze, distribution, percentile_ns
from streamlab.finding import find, is_clean
from streamlab.recording import UNTIMED, End
from tests.conftest import DONE, FINISH, chat_event, make_recording


def chunk(delta: str, extra: str = "") -> bytes:
    return b'data: {"choices":[{"index":0,"delta":%b}]%b}\n\n' % (delta.encode(), extra.encode())


def test_ttft_is_the_first_output_and_nothing_before_it() -> None:
    """Comments, role-only, empty and null deltas and pings come first and do not count."""
    analysis = analyze(
        make_recording(
            b": ping\n\n",
            chunk('{"role":"assistant"}'),
            chunk('{"role":"assistant","content":""}'),
            chunk('{"content":null}'),
            b"event: ping\ndata: {}\n\n",
            chunk('{"reasoning_content":"hm"}'),
            chunk('{"content":"a"}'),
            DONE,
            gap_ns=100,
        )
    )
    assert (50, 200, 600, 700) == (
        analysis.ttfb_ns, analysis.ttfe_ns, analysis.ttft_ns, analysis.ttfat_ns
    )  # fmt: skip
    assert (700, 900, 200) == (analysis.latency_ns, analysis.total_ns, analysis.tail_ns)


@pytest.mark.parametrize(
    "delta",
    [
        '{"content":"a"}',
        '{"reasoning_content":"a"}',
        '{"reasoning":"a"}',
        '{"refusal":"a"}',
        '{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}',
    ],
)
def test_what_counts_as_output(delta: str) -> None:
    """Text, reasoning, a refusal and tool arguments are output."""
    assert 100 == analyze(make_recording(chunk(delta), gap_ns=100)).ttft_ns


@pytest.mark.parametrize(
    "body",
    [
        DONE,
        chunk('{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}'),
        b'data: {"choices":[{"delta":{}}],"usage":{"completion_tokens":5}}\n\n',
        b": ping\n\n",
        b"",
    ],
)
def test_a_stream_without_output_has_no_sample(body: bytes) -> None:
    """What was not measured is None, not zero."""
    analysis = analyze(make_recording(*([body] if body else [])))
    unmeasured = (
        analysis.ttft_ns, analysis.ttfat_ns, analysis.latency_ns, analysis.tail_ns,
        analysis.tpot_ns, analysis.tps_user, analysis.tps_e2e, analysis.gaps.p50_ns,
    )  # fmt: skip
    assert (None,) * 8 == unmeasured
    assert 0 == analysis.gaps.n


def test_tokens_come_from_usage_and_the_last_one_counts() -> None:
    """Repeated usage is cumulative; deltas are counted only where there is none."""
    usage = b'data: {"choices":[],"usage":{"completion_tokens":%d}}\n\n'
    stream = [chat_event("a"), usage % 2, chat_event("b"), usage % 9, DONE]
    analysis = analyze(make_recording(*stream, gap_ns=100))
    assert (9, "usage") == (analysis.output_tokens, analysis.token_source)
    assert 200 / 8 == analysis.tpot_ns
    assert pytest.approx(1e9 * 8 / 200) == analysis.tps_user
    assert pytest.approx(1e9 * 9 / 300) == analysis.tps_e2e
    counted = analyze(make_recording(chat_event("a"), chat_event("b"), DONE))
    assert (2, "deltas") == (counted.output_tokens, counted.token_source)


def test_one_token_has_no_time_per_token() -> None:
    """There is no second token to measure to."""
    analysis = analyze(make_recording(chat_event("a"), DONE))
    assert (1, None, None) == (analysis.output_tokens, analysis.tpot_ns, analysis.tps_user)
    assert analysis.tps_e2e is not None


def test_events_of_one_read_are_coalesced_with_gaps_of_zero() -> None:
    """Two events in a read arrived at once."""
    recording = make_recording(chat_event("a") + chat_event("b"), chat_event("c"), gap_ns=100)
    analysis = analyze(recording)
    assert (0, 100) == analysis.gaps_ns
    assert 1 == analysis.coalesced_events


def test_stalls_are_gaps_above_the_threshold() -> None:
    """A gap of the threshold itself is none; silence until a timeout is one."""
    recording = make_recording(chat_event("a"), chat_event("b"), gap_ns=100)
    assert () == analyze(recording, stall_ns=100).stalls
    (stall,) = analyze(recording, stall_ns=99).stalls
    assert (100, 200) == (stall.start_ns, stall.stop_ns)
    hung = replace(recording, end=End(at_ns=900, reason="timeout"))
    assert [(100, 200), (200, 900)] == [
        (stall.start_ns, stall.stop_ns) for stall in analyze(hung, stall_ns=99).stalls
    ]


def test_event_types_are_counted_in_order_of_appearance() -> None:
    """Type, count, bytes, first and last arrival, and the longest gap within the type."""
    stream = [b"event: b\ndata: 1\n\n", b"event: a\ndata: 1\n\n", b"event: b\ndata: 12\n\n"]
    counted = analyze(make_recording(*stream, gap_ns=100)).event_types
    assert [("b", 2, 37, 100, 300, 200), ("a", 1, 18, 200, 200, None)] == [
        (each.type, each.count, each.bytes, each.first_at_ns, each.last_at_ns, each.gap_max_ns)
        for each in counted
    ]


def test_the_median_gap_of_an_event_type_needs_six() -> None:
    """As any median here; and an untimed recording has no gaps."""
    recording = make_recording(*[DONE] * 7, gap_ns=100)
    (counted,) = analyze(recording).event_types
    assert (100, 100) == (counted.gap_p50_ns, counted.gap_max_ns)
    (fewer,) = analyze(make_recording(*[DONE] * 6, gap_ns=100)).event_types
    assert (None, 100) == (fewer.gap_p50_ns, fewer.gap_max_ns)
    (untimed,) = analyze(replace(recording, tags=(UNTIMED,))).event_types
    assert (None, None) == (untimed.gap_p50_ns, untimed.gap_max_ns)


def test_malformed_bytes_are_found_in_order_with_span_and_time() -> None:
    """Payloads and framing alike."""
    stream = [
        b"retry: 3000\n\n",
        chat_event("a"),
        b"data: {oops}\n\n",
        b"oops\n\n",
        b"data: \xff\n\n",
        b"data: {tail",
    ]
    findings = find(make_recording(*stream, gap_ns=100))
    body = b"".join(stream)
    malformed = [each for each in findings if each.code.startswith(("SL2", "SL3"))]
    assert [
        ("SL211", b"retry: 3000\n\n", 100),
        ("SL301", b"data: {oops}\n\n", 300),
        ("SL208", b"oops\n", 400),
        ("SL301", b"data: \xff\n\n", 500),
        ("SL205", b"\xff", 500),
        ("SL207", b"data: {tail", 600),
    ] == [(each.code, body[each.start : each.stop], each.at_ns) for each in malformed]
    assert not is_clean(findings)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"no such model","type":"x"}}', "no such model"),
        (b'{"error":"no such model"}', "no such model"),
        (b'{"message":"no such model"}', "no such model"),
        (b'{"detail":[1]}', '{"detail":[1]}'),
        (b"<html>\n <b>502</b>\n</html>", "<html> <b>502</b> </html>"),
        (b"", "HTTP 500"),
        (b"Incorrect key sk-proj-abcdefgh12345", "Incorrect key [redacted]"),
    ],
)
def test_http_errors_say_what_the_body_says(body: bytes, message: str) -> None:
    """The message of a JSON error, else the body on one line."""
    headers = (("Content-Type", "application/json"),)
    pieces = [body] if body else []
    recording = make_recording(*pieces, status=500, headers=headers)
    assert (message,) == analyze(recording).errors
    (finding,) = [each for each in find(recording) if each.severity == "error"]
    assert ("SL109", message) == (finding.code, finding.text)


@pytest.mark.parametrize(
    "reason", ["truncated", "reset", "timeout", "protocol_error", "recorder_died"]
)
def test_only_a_complete_stream_is_clean(reason: str) -> None:
    """However good its events are."""
    assert is_clean(find(make_recording(chat_event("a"), FINISH, DONE)))
    assert not is_clean(find(make_recording(chat_event("a"), FINISH, DONE, reason=reason)))


def test_hanging_up_after_the_end_marker_is_a_good_end() -> None:
    """As SDKs do; before it, it is not."""
    assert is_clean(find(make_recording(chat_event("a"), FINISH, DONE, reason="client_closed")))
    assert not is_clean(find(make_recording(chat_event("a"), FINISH, reason="client_closed")))


def test_what_was_imported_without_times_measures_nothing() -> None:
    """Null, not zero; what needs no time is there."""
    untimed = replace(make_recording(chat_event("a"), chat_event("b"), DONE), tags=("untimed",))
    analysis = analyze(untimed)
    assert (None, None, None) == (analysis.ttft_ns, analysis.total_ns, analysis.tps_e2e)
    assert (2, 0, ()) == (analysis.output_tokens, analysis.gaps.n, analysis.gaps_ns)


@given(st.lists(st.sampled_from([chat_event("a"), DONE, b": x\n\n", b"data: {\n\n", b"\xff"])))
def test_latency_minus_ttft_is_the_sum_of_gaps(stream: list[bytes]) -> None:
    """Whatever the stream; and the JSON of any analysis can be written."""
    analysis = analyze(make_recording(*stream))
    if analysis.ttft_ns is None or analysis.latency_ns is None:
        assert () == analysis.gaps_ns
    else:
        assert analysis.latency_ns - analysis.ttft_ns == sum(analysis.gaps_ns)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_any_bytes_can_be_analyzed(stream: list[bytes]) -> None:
    """A malformed stream is never an exception."""
    analyze(make_recording(*stream))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=400))
def test_percentiles_interpolate_and_know_their_n(values_ns: list[int]) -> None:
    """p50 is the median; each percentile is None below its least n."""
    if len(values_ns) >= 6:
        assert round(statistics.median(values_ns)) == percentile_ns(values_ns, 50)
    for percent, least_n in ((50, 6), (90, 36), (95, 72), (99, 368)):
        assert (percentile_ns(values_ns, percent) is None) == (len(values_ns) < least_n)
    summary = distribution(values_ns)
    assert (len(values_ns), min(values_ns), max(values_ns)) == (
        summary.n, summary.min_ns, summary.max_ns
    )  # fmt: skip


def test_percentile_of_known_values() -> None:
    """Linear interpolation: p95 of 1..100 is 95.05, as numpy says."""
    assert 9505 == percentile_ns([value * 100 for value in range(1, 101)], 95)


def test_json_keeps_every_field() -> None:
    """`--json` has integers in ns and null for what was not measured."""
    from streamlab.report import analysis_json

    value = json.loads(json.dumps(analysis_json(analyze(make_recording(DONE)), ())))
    assert value["ttft_ns"] is None
    assert isinstance(value["total_ns"], int)
