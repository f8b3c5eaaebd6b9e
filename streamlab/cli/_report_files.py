"""Writes the reports that are files: an HTML page, charts as SVG or PNG."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from streamlab.analysis import analyze, read_stream
from streamlab.cli._check import recordings_of
from streamlab.cli._console import narrate
from streamlab.cli._report import split
from streamlab.errors import InputError
from streamlab.finding import find
from streamlab.recording import Recording
from streamlab.report.chart import charts, standalone
from streamlab.report.page import html_report
from streamlab.report.reported import Reported
from streamlab.store import Library

__all__ = ["reported", "write_files", "write_html", "write_pngs", "write_svgs"]

# A chart is 960 wide; screens and prints of today want about twice as many pixels.
_PNG_PIXELS = 1920


def reported(
    which: Sequence[str], db: Path, ids: Collection[str], *, everything: bool
) -> list[Reported]:
    """The recordings with these ids among those that are named, as `_report.gather` has them."""
    return [_read(each) for each in _recordings(which, db, everything=everything) if each.id in ids]


def _recordings(which: Sequence[str], db: Path, *, everything: bool) -> Iterator[Recording]:
    files, words = split(which)
    if everything or words or not which:
        with Library(db) as library:
            for each in library.ids() if everything or not which else library.resolve(words):
                yield library.load(each)
    for file in files:
        for _, recording in recordings_of(file, db):
            yield recording


def _read(recording: Recording) -> Reported:
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    return Reported(recording, analysis, find(recording, stream=stream, analysis=analysis))


def write_files(
    shown: Sequence[Reported],
    *,
    html: Path | None,
    svg: Path | None,
    png: Path | None,
    title: str,
) -> None:
    """Write what is asked for, and say where it is. InputError where something cannot be."""
    written = []
    if html is not None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        write_html(html, shown, title=title, generated_at=now)
        written.append(html)
    if svg is not None:
        written += write_svgs(svg, shown)
    if png is not None:
        written += write_pngs(png, shown)
    for path in written:
        narrate(f"wrote {path}")


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
