"""Writes the reports that are files: an HTML page, charts as SVG or PNG."""

from collections.abc import Sequence
from pathlib import Path

from streamlab.errors import InputError
from streamlab.report.chart import charts, standalone
from streamlab.report.page import html_report
from streamlab.report.reported import Reported

__all__ = ["write_html", "write_pngs", "write_svgs"]

# A chart is 960 wide; screens and prints of today want about twice as many pixels.
_PNG_PIXELS = 1920


def write_html(path: Path, reported: Sequence[Reported], *, title: str, generated_at: str) -> None:
    """Write the page. InputError where the file cannot be written."""
    page = html_report(reported, title=title, generated_at=generated_at)
    _write(path, page.encode())


def write_svgs(folder: Path, reported: Sequence[Reported]) -> list[Path]:
    """Write each chart as `NAME.svg` into a folder, which is made if it is not there; their paths.
    They follow the light and the dark of what shows them. InputError as above."""
    files = {chart.name: standalone(chart).encode() for chart in charts(reported)}
    return [_write(folder / f"{name}.svg", data) for name, data in files.items()]


def write_pngs(folder: Path, reported: Sequence[Reported], *, is_dark: bool = False) -> list[Path]:
    """Likewise as `NAME.png`, light or dark, with the fonts of this machine. InputError also where
    the extra `report` is not installed."""
    try:
        import resvg_py
    except ImportError:
        hint = "pip install 'streamlab-toolkit[report]', or write SVG or HTML, which need nothing"
        raise InputError("PNG needs a library that is not installed", hint) from None
    files = {}
    for chart in charts(reported):
        svg = standalone(chart, is_dark=is_dark)
        files[chart.name] = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_PNG_PIXELS))
    return [_write(folder / f"{name}.png", data) for name, data in files.items()]


def _write(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        hint = "name a file or a folder that can be written"
        raise InputError(f"{path} cannot be written: {error.strerror}", hint) from error
    return path
