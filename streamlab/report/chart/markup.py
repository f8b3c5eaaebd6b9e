"""HTML and SVG as text that was escaped where it was made. A `Markup` comes from here only."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final, NewType

from streamlab.report.show_text import visible

__all__ = ["NOTHING", "Markup", "element", "joined", "number", "text"]

Markup = NewType("Markup", str)
"""Text with tags, fit to stand in a document."""

NOTHING: Final = Markup("")

# What neither XML nor UTF-8 can hold: halves of surrogate pairs, as JSON may spell them, and two
# that are no characters.
_UNSAYABLE: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_HAS_NO_END: Final = frozenset({"meta"})


def text(value: str) -> Markup:
    """Any text, to be read as it is: controls are drawn, what would be markup is escaped."""
    drawn = _UNSAYABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", visible(value))
    return Markup(escape(drawn))


def element(
    name: str, attributes: Mapping[str, str | float] | None = None, *children: Markup
) -> Markup:
    """An element, which is an HTML and an XML one. Attributes are text and escaped here."""
    written = "".join(
        f' {key}="{number(value) if isinstance(value, int | float) else text(value)}"'
        for key, value in (attributes or {}).items()
    )
    if name in _HAS_NO_END:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(children)}</{name}>")


def joined(parts: Iterable[Markup], between: str = "") -> Markup:
    """Parts one after the other; `between` is text."""
    return Markup(text(between).join(parts))


def number(value: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
