"""The colours of the charts, for light and for dark surroundings, as style sheets.

Rules state colours, not variables, so that what draws PNGs understands them. Classes are told apart
by lightness as well as by hue, so they survive a bad printer and most eyes.
"""

from typing import Final

__all__ = ["DARK", "LIGHT", "style", "style_for_both"]

Palette = dict[str, str]

LIGHT: Final[Palette] = {
    "paper": "#ffffff", "ink": "#1d2530", "soft": "#5b6675", "grid": "#e3e7ec",
    "wait": "#cdd3db", "flow": "#2467c4", "slow": "#7fb0ec", "long": "#f0b040",
    "stall": "#d23b2a", "tail": "#e4e0f0", "thinking": "#8a4fc9", "warning": "#a86200",
    "second": "#b0581c",
}  # fmt: skip
DARK: Final[Palette] = {
    "paper": "#14181e", "ink": "#e6eaf0", "soft": "#9aa5b4", "grid": "#2b323c",
    "wait": "#454e5a", "flow": "#3f86ea", "slow": "#9fc6f7", "long": "#e8a93a",
    "stall": "#f0604e", "tail": "#3a3550", "thinking": "#b98bf0", "warning": "#f0c060",
    "second": "#f09a5c",
}  # fmt: skip

_FONT: Final = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
# Names in braces are colours of the palette.
_RULES: Final = (
    ("text", "font-family:" + _FONT + ";font-size:12px;fill:{ink}"),
    (".paper", "fill:{paper}"),
    (".title", "font-size:15px;font-weight:600"),
    (".soft", "fill:{soft}"),
    (".bad", "fill:{stall}"),
    (".grid", "stroke:{grid};stroke-width:1"),
    (".axis", "stroke:{soft};stroke-width:1"),
    (".wait", "fill:{wait}"),
    (".flow", "fill:{flow}"),
    (".slow", "fill:{slow}"),
    (".long", "fill:{long}"),
    (".stall", "fill:{stall}"),
    (".tail", "fill:{tail}"),
    (".thinking", "fill:{thinking}"),
    (".line", "fill:none;stroke-width:1.8;vector-effect:non-scaling-stroke"),
    (".first", "stroke:{flow}"),
    (".second", "stroke:{second}"),
    (".many", "stroke:{flow};stroke-opacity:0.5;stroke-width:1.3"),
    (".error", "stroke:{stall};stroke-width:2.5;vector-effect:non-scaling-stroke"),
    (".warning", "stroke:{warning};stroke-width:2;vector-effect:non-scaling-stroke"),
)


def style(palette: Palette) -> str:
    """The style sheet of a chart."""
    rules = (f".chart {selector}{{{body.format_map(palette)}}}" for selector, body in _RULES)
    return "\n".join(rules)


def style_for_both() -> str:
    """That of a chart which follows its surroundings."""
    return f"{style(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{style(DARK)}\n}}"
