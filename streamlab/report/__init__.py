"""Reports: analyses and recordings in forms that people and programs read. Pure functions.

Each name is imported when it is first used: a server that tells a line needs no charts.
"""

from typing import TYPE_CHECKING

from streamlab.lazy import lazily

if TYPE_CHECKING:
    from streamlab.report.around import Around
    from streamlab.report.as_json import (
        analysis_json,
        around_json,
        body_json,
        both_json,
        bytes_json,
        events_json,
        findings_json,
        growth_json,
        plain,
        reads_json,
    )
    from streamlab.report.checked import Checked
    from streamlab.report.client_verdict import client_view, verdict_json
    from streamlab.report.comparison_json import sets_json, streams_json
    from streamlab.report.comparison_markdown import sets_markdown, streams_markdown
    from streamlab.report.comparison_view import StreamsView
    from streamlab.report.explained import definitions_view, explain_view
    from streamlab.report.finding_view import FindingsView, counts_text
    from streamlab.report.github import github_commands
    from streamlab.report.growth import Growth
    from streamlab.report.hex_dump import HexDump
    from streamlab.report.latency_as_json import latency_csv, latency_json
    from streamlab.report.latency_as_markdown import latency_markdown, verdicts_junit
    from streamlab.report.latency_text import verdict_text
    from streamlab.report.latency_view import LatencyView
    from streamlab.report.layout import ENTRY_KINDS, Layout, Selection, lay_out
    from streamlab.report.listing import Listed, ListingView
    from streamlab.report.place import Place, find_place
    from streamlab.report.sarif import sarif_log
    from streamlab.report.set_comparison_view import sets_view
    from streamlab.report.show_text import format_bytes, format_ns, format_rate, one_line, visible
    from streamlab.report.side_by_side import SideBySide
    from streamlab.report.terminal import analysis_view
    from streamlab.report.time_line import event_rows, events_view, reads_view, row_line

__all__ = [
    "ENTRY_KINDS",
    "Around",
    "Checked",
    "FindingsView",
    "Growth",
    "HexDump",
    "LatencyView",
    "Layout",
    "Listed",
    "ListingView",
    "Place",
    "Selection",
    "SideBySide",
    "StreamsView",
    "analysis_json",
    "analysis_view",
    "around_json",
    "body_json",
    "both_json",
    "bytes_json",
    "client_view",
    "counts_text",
    "definitions_view",
    "event_rows",
    "events_json",
    "events_view",
    "explain_view",
    "find_place",
    "findings_json",
    "format_bytes",
    "format_ns",
    "format_rate",
    "github_commands",
    "growth_json",
    "latency_csv",
    "latency_json",
    "latency_markdown",
    "lay_out",
    "one_line",
    "plain",
    "reads_json",
    "reads_view",
    "row_line",
    "sarif_log",
    "sets_json",
    "sets_markdown",
    "sets_view",
    "streams_json",
    "streams_markdown",
    "verdict_json",
    "verdict_text",
    "verdicts_junit",
    "visible",
]

_HOMES = {
    "around": ("Around",),
    "as_json": (
        "analysis_json",
        "around_json",
        "body_json",
        "both_json",
        "bytes_json",
        "events_json",
        "findings_json",
        "growth_json",
        "plain",
        "reads_json",
    ),
    "checked": ("Checked",),
    "client_verdict": (
        "client_view",
        "verdict_json",
    ),
    "comparison_json": (
        "sets_json",
        "streams_json",
    ),
    "comparison_markdown": (
        "sets_markdown",
        "streams_markdown",
    ),
    "comparison_view": ("StreamsView",),
    "explained": (
        "definitions_view",
        "explain_view",
    ),
    "finding_view": (
        "FindingsView",
        "counts_text",
    ),
    "github": ("github_commands",),
    "growth": ("Growth",),
    "hex_dump": ("HexDump",),
    "latency_as_json": (
        "latency_csv",
        "latency_json",
    ),
    "latency_as_markdown": (
        "latency_markdown",
        "verdicts_junit",
    ),
    "latency_text": ("verdict_text",),
    "latency_view": ("LatencyView",),
    "layout": (
        "ENTRY_KINDS",
        "Layout",
        "Selection",
        "lay_out",
    ),
    "listing": (
        "Listed",
        "ListingView",
    ),
    "place": (
        "Place",
        "find_place",
    ),
    "sarif": ("sarif_log",),
    "set_comparison_view": ("sets_view",),
    "show_text": (
        "format_bytes",
        "format_ns",
        "format_rate",
        "one_line",
        "visible",
    ),
    "side_by_side": ("SideBySide",),
    "terminal": ("analysis_view",),
    "time_line": (
        "event_rows",
        "events_view",
        "reads_view",
        "row_line",
    ),
}

__getattr__ = lazily(__name__, _HOMES)
