"""Reports: analyses and recordings in forms that people and programs read. Pure functions."""

from streamlab.report.as_json import analysis_json, events_json, plain, reads_json
from streamlab.report.explained import definitions_view, explain_view
from streamlab.report.listing import Listed, ListingView
from streamlab.report.show_text import format_bytes, format_ns, format_rate, one_line, visible
from streamlab.report.terminal import analysis_view
from streamlab.report.time_line import event_rows, events_view, reads_view, row_line

__all__ = [
    "Listed",
    "ListingView",
    "analysis_json",
    "analysis_view",
    "definitions_view",
    "event_rows",
    "events_json",
    "events_view",
    "explain_view",
    "format_bytes",
    "format_ns",
    "format_rate",
    "one_line",
    "plain",
    "reads_json",
    "reads_view",
    "row_line",
    "visible",
]
