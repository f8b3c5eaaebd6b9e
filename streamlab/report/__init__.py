"""Reports: analyses and recordings in forms that people and programs read. Pure functions."""

from streamlab.report.as_json import analysis_json, events_json, findings_json, reads_json
from streamlab.report.checked import Checked
from streamlab.report.finding_view import FindingsView, counts_text
from streamlab.report.github import github_commands
from streamlab.report.listing import Listed, ListingView
from streamlab.report.sarif import sarif_log
from streamlab.report.show_text import format_bytes, format_ns, format_rate, one_line, visible
from streamlab.report.terminal import analysis_view
from streamlab.report.time_line import event_rows, events_view, reads_view, row_line

__all__ = [
    "Checked",
    "FindingsView",
    "Listed",
    "ListingView",
    "analysis_json",
    "analysis_view",
    "counts_text",
    "event_rows",
    "events_json",
    "events_view",
    "findings_json",
    "format_bytes",
    "format_ns",
    "format_rate",
    "github_commands",
    "one_line",
    "reads_json",
    "reads_view",
    "row_line",
    "sarif_log",
    "visible",
]
