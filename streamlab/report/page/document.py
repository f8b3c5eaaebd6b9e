"""The page: one HTML file that fetches nothing.

It is made for streams that nobody trusts. All of their text is escaped where it becomes markup
(`chart.markup`); what the script needs lies in a JSON element, in which no `<` can end it. The
policy names the only style sheet and the only script by their hashes, so that whatever came in
otherwise would neither run nor fetch.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Final

from streamlab.report.chart import ROWS, Chart, charts
from streamlab.report.chart.markup import Markup, element, text
from streamlab.report.page.detail import detail, room_for
from streamlab.report.page.script import SCRIPT
from streamlab.report.page.style import STYLE
from streamlab.report.page.summary import percentile_table, tiles
from streamlab.report.reported import Reported
from streamlab.version import __version__

__all__ = ["html_report"]

_DETAILS: Final = 200


def html_report(reported: Sequence[Reported], *, title: str, generated_at: str) -> str:
    """The report as an HTML file, to be written in UTF-8. `generated_at` is shown as it is."""
    drawn = charts(reported)
    body = [
        element("h1", {}, text(title)),
        _soft(f"Made by streamlab {__version__}, {generated_at}. It needs no network."),
        tiles(reported),
        *_numbers(reported),
        *_figures(reported, drawn),
        *_recordings(reported),
        element("div", {"id": "tip", "role": "status", "hidden": ""}),
        _data(reported, drawn),
        element("script", {}, Markup(SCRIPT)),
    ]
    html = element("html", {"lang": "en"}, _head(title), element("body", {}, *body))
    return f"<!doctype html>\n{html}\n"


def _head(title: str) -> Markup:
    viewport = "width=device-width, initial-scale=1"
    return element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": _policy()}),
        element("meta", {"name": "viewport", "content": viewport}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        element("title", {}, text(title)),
        element("style", {}, Markup(STYLE)),
    )


def _policy() -> str:
    return (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _numbers(reported: Sequence[Reported]) -> list[Markup]:
    note = (
        "pXX: so many percent of the values are at or below; - where n is too small to tell. "
        "n is how many streams have the value, of gaps how many there are."
    )
    table = element("div", {"class": "scroll"}, percentile_table(reported))
    return [element("h2", {}, text("Numbers")), table, _soft(note)]


def _figures(reported: Sequence[Reported], drawn: Sequence[Chart]) -> list[Markup]:
    timed = sum(each.is_timed for each in reported)
    if not timed:
        return [_soft("None of the recordings has times, so there is nothing to draw.")]
    notes = ["Point at a chart to read it, drag across it to zoom, double-click for all of it."]
    if timed < len(reported):
        left_out = len(reported) - timed
        notes.append(f"Without times, and so not in them: {left_out:,} of {len(reported):,}.")
    if timed > ROWS:
        notes.append(f"The first {ROWS} of {timed:,} streams have a row and a line.")
    figures = [
        element(
            "figure",
            {},
            element("div", {"class": "scroll"}, chart.svg),
            element("figcaption", {}, text(chart.note)),
        )
        for chart in drawn
    ]
    return [element("h2", {}, text("Charts")), _soft(" ".join(notes)), *figures]


def _recordings(reported: Sequence[Reported]) -> list[Markup]:
    room = room_for(min(len(reported), _DETAILS))
    parts = [element("h2", {}, text("Recordings"))]
    parts += [detail(each, i, room) for i, each in enumerate(reported[:_DETAILS])]
    if len(reported) > _DETAILS:
        parts.append(_soft(f"… and {len(reported) - _DETAILS:,} more."))
    return parts


def _data(reported: Sequence[Reported], drawn: Sequence[Chart]) -> Markup:
    """What the script tells. JSON in ASCII, in which a `<` is an escape like any other."""
    told: dict[str, object] = {chart.name: chart.hover for chart in drawn}
    told["recordings"] = [i for i, each in enumerate(reported) if each.is_timed][:ROWS]
    written = json.dumps(told, separators=(",", ":"), allow_nan=False)
    safe = Markup(written.replace("<", "\\u003c"))
    return element("script", {"type": "application/json", "id": "data"}, safe)


def _soft(said: str) -> Markup:
    return element("p", {"class": "soft"}, text(said))
