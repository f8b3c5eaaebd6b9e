"""Recordings to a collector of OpenTelemetry, by its SDK's exporters over HTTP."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, Final

from streamlab.errors import NetworkError, StreamlabError
from streamlab.interop.genai import Operation, operation
from streamlab.interop.genai_histograms import BOUNDS_S, Histogram, Point, histograms
from streamlab.recording import Recording
from streamlab.version import __version__

__all__ = ["send_otlp"]

_TIMEOUT_S: Final = 10


def send_otlp(recordings: Iterable[Recording], endpoint: str) -> int:
    """Send the spans and histograms of recordings to `endpoint`, the collector's base URL (such as
    http://127.0.0.1:4318); the number of spans.

    NetworkError if the collector did not take them, StreamlabError if the SDK is not installed.
    """
    sdk = _sdk()
    operations = [operation(recording) for recording in recordings]
    resource = sdk.Resource({"service.name": "streamlab"})
    scope = sdk.InstrumentationScope("streamlab", __version__)
    base = endpoint.rstrip("/")
    traces = sdk.OTLPSpanExporter(endpoint=f"{base}/v1/traces", timeout=_TIMEOUT_S)
    metrics = sdk.OTLPMetricExporter(endpoint=f"{base}/v1/metrics", timeout=_TIMEOUT_S)
    spans = [_span(sdk, each, resource, scope) for each in operations]
    data = _metrics_data(sdk, histograms(operations), resource, scope)
    try:
        is_taken = (
            traces.export(spans) is sdk.SpanExportResult.SUCCESS
            and metrics.export(data) is sdk.MetricExportResult.SUCCESS
        )
    finally:
        traces.shutdown()
        metrics.shutdown()
    if not is_taken:
        hint = "is a collector listening there? Its base URL is wanted: http://HOST:4318"
        raise NetworkError(f"{endpoint} did not take the spans and metrics", hint)
    return len(spans)


def _sdk() -> SimpleNamespace:
    """The names of the SDK that are used here."""
    try:
        # ruff: noqa: PLC0415 - an extra
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import export as metrics
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.trace.export import SpanExportResult
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    except ImportError as error:
        hint = "pip install 'streamlab-toolkit[otel]', or write a file with --format otlp"
        raise StreamlabError("the SDK of OpenTelemetry is not installed", hint) from error
    return SimpleNamespace(
        InstrumentationScope=InstrumentationScope,
        MetricExportResult=metrics.MetricExportResult,
        OTLPMetricExporter=OTLPMetricExporter,
        OTLPSpanExporter=OTLPSpanExporter,
        ReadableSpan=ReadableSpan,
        Resource=Resource,
        SpanExportResult=SpanExportResult,
        metrics=metrics,
        trace=trace,
    )


def _span(sdk: SimpleNamespace, each: Operation, resource: object, scope: object) -> Any:  # noqa: ANN401 - the SDK's
    trace = sdk.trace
    context = trace.SpanContext(
        trace_id=int(each.trace_id, 16),
        span_id=int(each.span_id, 16),
        is_remote=False,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    failed = trace.Status(trace.StatusCode.ERROR, each.error)
    return sdk.ReadableSpan(
        name=each.name,
        context=context,
        resource=resource,
        attributes=each.attributes,
        kind=trace.SpanKind.CLIENT,
        status=trace.Status() if each.error is None else failed,
        start_time=each.start_ns,
        end_time=each.stop_ns,
        instrumentation_scope=scope,
    )


def _metrics_data(
    sdk: SimpleNamespace, drawn: Sequence[Histogram], resource: object, scope: object
) -> Any:  # noqa: ANN401 - the SDK's
    metrics = sdk.metrics
    listed = [
        metrics.Metric(
            name=each.name,
            description=each.description,
            unit="s",
            data=metrics.Histogram(
                data_points=[_data_point(metrics, point) for point in each.points],
                aggregation_temporality=metrics.AggregationTemporality.DELTA,
            ),
        )
        for each in drawn
    ]
    scoped = metrics.ScopeMetrics(scope=scope, metrics=listed, schema_url="")
    within = metrics.ResourceMetrics(resource=resource, scope_metrics=[scoped], schema_url="")
    return metrics.MetricsData(resource_metrics=[within])


def _data_point(metrics: Any, point: Point) -> Any:  # noqa: ANN401 - the SDK's
    return metrics.HistogramDataPoint(
        attributes=point.attributes,
        start_time_unix_nano=point.start_ns,
        time_unix_nano=point.stop_ns,
        count=len(point.values),
        sum=sum(point.values),
        bucket_counts=point.buckets,
        explicit_bounds=BOUNDS_S,
        min=min(point.values),
        max=max(point.values),
    )
