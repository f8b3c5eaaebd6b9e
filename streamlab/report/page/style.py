"""The style sheet of the page, besides that of the charts."""

from typing import Final

from streamlab.report.chart import style_for_both

__all__ = ["STYLE"]

_PAGE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1d2530; --soft: #5b6675; --line: #dfe3e9; --shade: #f5f7f9;
  --error: #b92c1d; --warning: #8a5200; --info: #2a5f9e; --good: #1d7440;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181e; --ink: #e6eaf0; --soft: #9aa5b4; --line: #2b323c; --shade: #1c222a;
    --error: #ff7f6e; --warning: #f0c060; --info: #8fbdf5; --good: #66c98c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px 20px 80px; max-width: 1040px;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
h1 { font-size: 24px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 8px; }
h3 { font-size: 14px; margin: 18px 0 4px; }
p { margin: 4px 0; }
.soft, figcaption, th { color: var(--soft); }
.error { color: var(--error); }
.warning { color: var(--warning); }
.info { color: var(--info); }
.good { color: var(--good); }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; padding: 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: 8px; padding: 6px 14px; }
.tiles b { display: block; font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 18px 3px 0; text-align: right; font-weight: normal; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td { border-top: 1px solid var(--line); }
.wide td:last-child { white-space: normal; overflow-wrap: anywhere; text-align: left; }
figure { margin: 0 0 28px; }
figcaption { font-size: 13px; }
.chart { display: block; width: 100%; min-width: 680px; height: auto; }
.pane { fill: transparent; cursor: crosshair; touch-action: pan-y; }
.cross { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; pointer-events: none; }
.chosen { fill: var(--ink); opacity: 0.12; pointer-events: none; }
.chart .on { stroke-opacity: 1; stroke-width: 3; }
.again {
  position: absolute; right: 0; top: 0; padding: 3px 10px; cursor: pointer; font: inherit;
  font-size: 13px; color: var(--ink); background: var(--shade); border: 1px solid var(--line);
  border-radius: 6px;
}
figure { position: relative; }
#tip {
  position: fixed; left: 0; top: 0; max-width: 420px; padding: 6px 10px; z-index: 1;
  pointer-events: none; font-size: 13px; line-height: 1.4; overflow-wrap: anywhere;
  color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 6px;
  box-shadow: 0 2px 10px rgb(0 0 0 / 25%);
}
#tip div:first-child { font-weight: 600; }
details { border-top: 1px solid var(--line); padding: 6px 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { font-weight: 600; }
summary span { margin-left: 10px; font-size: 13px; }
details > div { padding: 4px 0 12px 18px; }
pre {
  margin: 4px 0; padding: 8px 12px; max-height: 420px; overflow: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; background: var(--shade); border-radius: 6px;
  font: 13px/1.45 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace;
}
mark { background: var(--error); color: var(--paper); border-radius: 2px; }
@media print { details > div { display: block; } }
"""

STYLE: Final = f"{_PAGE}{style_for_both()}\n"
