"""Reports: analyses and recordings in forms that people and programs read. Pure functions."""

from streamlab.report.as_json import analysis_json, events_json, reads_json
from streamlab.report.client_view import client_view, verdict_json
from streamlab.report.listing import Listed, ListingView
from streamlab.report.show_text import format_bytes, format_ns, format_rate, one_line, visible
from streamlab.report.terminal import analysis_view
from streamlab.report.time_line import event_rows, events_view, reads_view, row_line

__all__ = [
    "Listed",
    "ListingView",
    "analysis_json",
    "analysis_view",
    "client_view",
    "event_rows",
    "events_json",
    "events_view",
    "format_bytes",
    "format_ns",
    "format_rate",
    "one_line",
    "reads_json",
    "reads_view",
    "row_line",
    "verdict_json",
    "visible",
]
