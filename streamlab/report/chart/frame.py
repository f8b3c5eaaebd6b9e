"""What all charts have: a title, axes with a grid, a legend, and a pane that can be zoomed.

Marks stand in an inner `svg` of the pane's size. The script of the page zooms by giving it another
`viewBox`, and reads the axis from the attributes of the outer one.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streamlab.report.chart.markup import NOTHING, Markup, element, joined, text
from streamlab.report.chart.palette import DARK, LIGHT, style, style_for_both
from streamlab.report.chart.scale import Linear, Log, Tick

__all__ = ["LEFT", "PANE", "TOP", "Chart", "Drawing", "Key", "draw", "label", "standalone"]

LEFT: Final = 170
PANE: Final = 640
_WIDTH: Final = 960
TOP: Final = 62
_BELOW: Final = 46
# About as wide as a character of the legend is; it has room to spare.
_CHAR: Final = 6.6


class Key(NamedTuple):
    """An entry of a legend: the class of its sample, whether that is a line, and its text."""

    classes: str
    is_line: bool
    meaning: str


class Drawing(NamedTuple):
    """A chart to be drawn: `marks` are in pixels of the pane, `sides` in those of the whole."""

    name: str
    title: str
    height: float
    x: Linear | Log
    x_label: str
    y_ticks: Sequence[Tick]
    y_label: str
    keys: Sequence[Key]
    marks: Markup
    sides: Markup = NOTHING


class Chart(NamedTuple):
    """A chart that is drawn. `name` is fit for a file, `note` says how to read it, `hover` is what
    the script of the page tells of it, as JSON."""

    name: str
    title: str
    note: str
    svg: Markup
    hover: object


def draw(drawing: Drawing) -> Markup:
    """The `svg` element, without a style sheet: `standalone` adds one."""
    height = TOP + drawing.height + _BELOW
    view: dict[str, str | float] = {
        "class": "view",
        "x": LEFT,
        "y": TOP,
        "width": PANE,
        "height": drawing.height,
        "viewBox": f"0 0 {PANE} {drawing.height:g}",
        "preserveAspectRatio": "none",
    }
    return element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "chart",
            "viewBox": f"0 0 {_WIDTH} {height:g}",
            "role": "img",
            "aria-label": drawing.title,
            "data-name": drawing.name,
            "data-low-ms": f"{drawing.x.low_ms if isinstance(drawing.x, Log) else 0:g}",
            "data-top-ms": f"{drawing.x.top_ms:.6g}",
        },
        element("rect", {"class": "paper", "width": _WIDTH, "height": height}),
        element("text", {"class": "title", "x": 0, "y": 20}, text(drawing.title)),
        _legend(drawing.keys),
        _across(drawing),
        element("g", {"class": "ticks"}, *_upright(drawing)),
        element("svg", view, drawing.marks),
        _line("axis", LEFT, TOP + drawing.height, LEFT + PANE, TOP + drawing.height),
        drawing.sides,
        label(LEFT + PANE / 2, height - 8, drawing.x_label, "soft", "middle"),
    )


def label(x: float, y: float, said: str, classes: str = "", anchor: str = "start") -> Markup:
    """Text at a place; `anchor` is what of it stands there."""
    return element("text", {"x": x, "y": y, "class": classes, "text-anchor": anchor}, text(said))


def _legend(keys: Sequence[Key]) -> Markup:
    parts, x = [], 0.0
    for key in keys:
        if key.is_line:
            parts.append(_line(key.classes, x, 38, x + 16, 38))
        else:
            shape = f"M{x:.1f} 32h16v12h-16z"
            parts.append(element("path", {"class": key.classes, "d": shape}))
        parts.append(label(x + 21, 42, key.meaning, "soft"))
        x += 21 + len(key.meaning) * _CHAR + 12
    return joined(parts)


def _across(drawing: Drawing) -> Markup:
    parts = []
    for tick in drawing.y_ticks:
        y = TOP + drawing.height * (1 - tick.place)
        parts.append(_line("grid", LEFT, y, LEFT + PANE, y))
        parts.append(label(LEFT - 8, y + 4, tick.label, "soft", "end"))
    turned = f"translate({LEFT - 62} {TOP + drawing.height / 2:g}) rotate(-90)"
    said = {"class": "soft", "text-anchor": "middle", "transform": turned}
    return joined([*parts, element("text", said, text(drawing.y_label))])


def _upright(drawing: Drawing) -> list[Markup]:
    """The grid and the labels of the x axis, which the script draws anew when it zooms."""
    bottom = TOP + drawing.height
    parts = []
    for tick in drawing.x.ticks():
        x = LEFT + PANE * tick.place
        parts.append(_line("grid", x, TOP, x, bottom))
        parts.append(label(x, bottom + 17, tick.label, "soft", "middle"))
    return parts


def _line(classes: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return element("line", {"class": classes, "x1": x1, "y1": y1, "x2": x2, "y2": y2})


def standalone(chart: Chart, *, is_dark: bool | None = None) -> str:
    """The chart as a file of its own: light, dark, or as its surroundings are (None)."""
    sheet = style_for_both() if is_dark is None else style(DARK if is_dark else LIGHT)
    opening, bracket, rest = chart.svg.partition(">")
    # The style sheet is ours and holds no markup.
    return f"{opening}{bracket}<style>\n{sheet}\n</style>{rest}\n"
