"""Recordings as OTLP in JSON: a line of traces and a line of metrics, as the file exporter of
OpenTelemetry's collector writes them.

Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: camelCase, ids in
hexadecimal, 64-bit integers as strings, enums as numbers.
"""

from collections.abc import Iterable
from typing import Any, Final

from streamlab.interop.genai import Attributes, Operation, operation
from streamlab.interop.genai_histograms import BOUNDS_S, Histogram, Point, histograms
from streamlab.json_text import json_text
from streamlab.recording import Recording
from streamlab.version import __version__

__all__ = ["otlp_text"]

_CLIENT: Final = 3  # SPAN_KIND_CLIENT
_ERROR: Final = 2  # STATUS_CODE_ERROR
_DELTA: Final = 1  # AGGREGATION_TEMPORALITY_DELTA
_SCOPE: Final = {"name": "streamlab", "version": __version__}


def otlp_text(recordings: Iterable[Recording]) -> str:
    """The spans and the histograms of recordings, in two lines."""
    operations = [operation(recording) for recording in recordings]
    resource = {"attributes": _key_values({"service.name": "streamlab"})}
    spans = {"scope": _SCOPE, "spans": [_span(each) for each in operations]}
    metrics = {"scope": _SCOPE, "metrics": [_metric(each) for each in histograms(operations)]}
    lines = (
        {"resourceSpans": [{"resource": resource, "scopeSpans": [spans]}]},
        {"resourceMetrics": [{"resource": resource, "scopeMetrics": [metrics]}]},
    )
    return "".join(json_text(line) + "\n" for line in lines)


def _span(each: Operation) -> dict[str, Any]:
    failed = {"status": {"code": _ERROR, "message": each.error}}
    return {
        "traceId": each.trace_id,
        "spanId": each.span_id,
        "name": each.name,
        "kind": _CLIENT,
        "startTimeUnixNano": str(each.start_ns),
        "endTimeUnixNano": str(each.stop_ns),
        "attributes": _key_values(each.attributes),
        **({} if each.error is None else failed),
    }


def _metric(histogram: Histogram) -> dict[str, Any]:
    return {
        "name": histogram.name,
        "description": histogram.description,
        "unit": "s",
        "histogram": {
            "aggregationTemporality": _DELTA,
            "dataPoints": [_data_point(point) for point in histogram.points],
        },
    }


def _data_point(point: Point) -> dict[str, Any]:
    return {
        "attributes": _key_values(point.attributes),
        "startTimeUnixNano": str(point.start_ns),
        "timeUnixNano": str(point.stop_ns),
        "count": str(len(point.values)),
        "sum": sum(point.values),
        "min": min(point.values),
        "max": max(point.values),
        "bucketCounts": [str(count) for count in point.buckets],
        "explicitBounds": list(BOUNDS_S),
    }


def _key_values(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any_value(value)} for key, value in attributes.items()]


def _any_value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case tuple():
            return {"arrayValue": {"values": [_any_value(each) for each in value]}}
        case _:
            return {"stringValue": str(value)}
