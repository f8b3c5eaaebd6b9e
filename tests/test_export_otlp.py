"""OpenTelemetry: what is written and what is sent is what the official messages read."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from streamlab.cassette import dumps
from streamlab.interop.export import foreign_bytes
from streamlab.interop.genai import operation
from streamlab.recording import UNTIMED, Recording
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, FINISH, chat_event, make_recording

USAGE = (
    b'data: {"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9,'
    b'"completion_tokens_details":{"reasoning_tokens":2}}}\n\n'
)
ROLE = chat_event("")
CHAT = make_recording(ROLE, chat_event("Hel"), chat_event("lo"), FINISH, USAGE, DONE, name="chat")
BROKEN = make_recording(chat_event("Hel"), reason="reset", recording_id="b" * 12)
BEGUN_NS = 1_767_225_600_000_000_000


def parsed(line: bytes) -> tuple[Any, ...]:
    """A line of traces or metrics by the official messages; JSON has ids in hexadecimal, which the
    mapping of protobuf takes for base64."""
    value = json.loads(line)
    for scope in value.get("resourceSpans", [{}])[0].get("scopeSpans", []):
        for span in scope["spans"]:
            for name in ("traceId", "spanId"):
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    kind = ExportTraceServiceRequest if "resourceSpans" in value else ExportMetricsServiceRequest
    message = Parse(json.dumps(value), kind())
    return spans(message) if kind is ExportTraceServiceRequest else metrics(message)


def spans(message: Any) -> tuple[Any, ...]:
    return tuple(span for each in message.resource_spans for scope in each.scope_spans
                 for span in scope.spans)  # fmt: skip


def metrics(message: Any) -> tuple[Any, ...]:
    return tuple(metric for each in message.resource_metrics for scope in each.scope_metrics
                 for metric in scope.metrics)  # fmt: skip


def attributes(message: Any) -> dict[str, Any]:
    """Attributes by name, values as JSON has them (64-bit integers as strings)."""
    found = {}
    for each in message.attributes:
        (value,) = MessageToDict(each.value).values()
        found[each.key] = value
    return found


def test_a_span_says_what_the_conventions_ask_for() -> None:
    """Times in s; the first chunk is the first output, not the role; streamlab's own apart."""
    (span,), _ = map(parsed, foreign_bytes([CHAT], "otlp").splitlines())
    assert ("chat m", 3) == (span.name, span.kind)
    assert (BEGUN_NS, BEGUN_NS + 70_000_000) == (span.start_time_unix_nano, span.end_time_unix_nano)
    assert (16, 8) == (len(span.trace_id), len(span.span_id))
    assert 0 == span.status.code
    said = attributes(span)
    assert {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": True,
        "gen_ai.response.id": "c",
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": {"values": [{"stringValue": "stop"}]},
        "gen_ai.response.time_to_first_chunk": 0.02,
        "gen_ai.usage.input_tokens": "3",
        "gen_ai.usage.output_tokens": "9",
        "gen_ai.usage.reasoning.output_tokens": "2",
        "server.address": "api.example",
        "server.port": "443",
    } == {name: value for name, value in said.items() if not name.startswith("streamlab.")}
    assert (0.01, 0.02, "0", "complete") == tuple(
        said[f"streamlab.{name}"] for name in ("ttfe_s", "ttfat_s", "stalls", "end_reason")
    )


def test_a_failure_is_an_error() -> None:
    """By status, by how the stream ended, or by what it reported."""
    (span,), _ = map(parsed, foreign_bytes([BROKEN], "otlp").splitlines())
    assert (2, "reset") == (span.status.code, attributes(span)["error.type"])
    told = b'data: {"error": {"message": "overloaded"}}\n\n'
    kinds = {
        "429": make_recording(b'{"error": {"message": "slow down"}}', status=429),
        "_OTHER": make_recording(chat_event("a"), told, DONE),
        "recorder_died": replace(CHAT, end=None),
        "client_closed": make_recording(chat_event("a"), reason="client_closed"),
        None: make_recording(chat_event("a"), FINISH, DONE, reason="client_closed"),
    }
    found = [operation(recording).attributes.get("error.type") for recording in kinds.values()]
    assert list(kinds) == found


def test_the_histograms_are_those_of_the_conventions() -> None:
    """Durations, first chunks and gaps, in the buckets that are asked for."""
    _, drawn = map(parsed, foreign_bytes([CHAT, replace(CHAT, id="c" * 12)], "otlp").splitlines())
    names = ("duration", "time_to_first_chunk", "time_per_output_chunk")
    assert [f"gen_ai.client.operation.{name}" for name in names] == [each.name for each in drawn]
    assert {"s"} == {each.unit for each in drawn}
    (first,) = drawn[1].histogram.data_points
    assert (2, 0.04, 0.02, 0.02) == (first.count, first.sum, first.min, first.max)
    bounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12]
    bounds += [10.24, 20.48, 40.96, 81.92]
    assert bounds == list(first.explicit_bounds)
    assert [0, 2, *[0] * 13] == list(first.bucket_counts)  # a bound is the last of its bucket
    of_span = operation(CHAT).metric_attributes
    assert {name: str(value) for name, value in of_span.items()} == attributes(first)
    assert "gen_ai.response.id" not in of_span  # each would be a series of its own


def test_what_was_not_measured_is_in_no_histogram() -> None:
    """Made-up times would be counted as fast ones; an error has a point of its own."""
    (span,), drawn = map(
        parsed, foreign_bytes([replace(CHAT, tags=(UNTIMED,))], "otlp").splitlines()
    )
    assert () == drawn
    assert "gen_ai.response.time_to_first_chunk" not in attributes(span)
    _, drawn = map(parsed, foreign_bytes([CHAT, BROKEN], "otlp").splitlines())
    kinds = [attributes(p).get("error.type") for p in drawn[0].histogram.data_points]
    assert [None, "reset"] == kinds


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("mine.openai.azure.com", "azure.ai.openai"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock"),
        ("api.x.ai", "x_ai"),
        ("notx.ai", "openai"),
    ],
)
def test_which_provider_answered(host: str, provider: str) -> None:
    """By the host, else by the dialect."""
    asked = replace(CHAT.request, url=f"https://{host}/v1/chat/completions")
    said = operation(replace(CHAT, request=asked)).attributes
    assert provider == said["gen_ai.provider.name"]


class _Collector(HTTPServer):
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: dict[str, Any] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        is_traces = self.path == "/v1/traces"
        kind: Any = ExportTraceServiceRequest if is_traces else ExportMetricsServiceRequest
        self.server.taken[self.path] = kind.FromString(body)
        answer = ExportTraceServiceResponse() if is_traces else ExportMetricsServiceResponse()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer.SerializeToString())))
        self.end_headers()
        self.wfile.write(answer.SerializeToString())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[_Collector]:
    with _Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def same(recordings: list[Recording], collector: _Collector) -> None:
    written_spans, written_metrics = map(parsed, foreign_bytes(recordings, "otlp").splitlines())
    for written, sent in zip(written_spans, spans(collector.taken["/v1/traces"]), strict=True):
        sent.ClearField("flags")  # the SDK's; an empty status is as good as none
        if not sent.status.code:
            sent.ClearField("status")
        assert written == sent
    for written, sent in zip(written_metrics, metrics(collector.taken["/v1/metrics"]), strict=True):
        assert written == sent


def test_a_collector_gets_what_a_file_holds(collector: _Collector) -> None:
    """Sent by the SDK's exporters, to the routes below the endpoint."""
    Path("in.jsonl").write_text(dumps([CHAT, BROKEN]), "utf-8")
    ran = run("export", "in.jsonl", "--endpoint", f"{collector.url}/")
    assert (0, f"sent 2 to {collector.url}/\n") == (ran.returncode, ran.stderr)
    same([CHAT, BROKEN], collector)


def test_a_collector_that_refuses(collector: _Collector) -> None:
    """Says so, with what to check."""
    collector.status = 400
    Path("in.jsonl").write_text(dumps([CHAT]), "utf-8")
    fails_well(run("export", "in.jsonl", "--endpoint", collector.url), collector.url, "4318")
