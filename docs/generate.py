"""Writes the docs that are made from the program: `make docs`; with --check only compares.

- docs/cli.md from the command line's own help
- docs/analyze.svg and docs/show.svg: what a terminal shows of cassettes in fixtures/
"""

import difflib
import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.text import Text

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.report import analysis_view, events_view

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FIXTURES = ROOT / "fixtures"
COLUMNS = 104


def main() -> int:
    made = {
        DOCS / "cli.md": cli_reference(),
        DOCS / "analyze.svg": picture(
            "streamlab analyze fixtures/systems/assisters-malformed.jsonl",
            analysis_view(
                [
                    analyze(recording)
                    for recording in read_cassette(FIXTURES / "systems/assisters-malformed.jsonl")
                ]
            ),
        ),
        DOCS / "show.svg": picture(
            "streamlab show fixtures/systems/fastgpt-tools.jsonl",
            events_view(read_cassette(FIXTURES / "systems/fastgpt-tools.jsonl")[0]),
        ),
    }
    if "--check" not in sys.argv[1:]:
        for path, text in made.items():
            path.write_text(text, "utf-8")
        return 0
    stale = [path for path, text in made.items() if not is_same(path, text)]
    if stale:
        print("out of date, run `make docs`:", *stale, file=sys.stderr)
    return 1 if stale else 0


def is_same(path: Path, text: str) -> bool:
    written = path.read_text("utf-8") if path.exists() else ""
    sys.stderr.writelines(
        difflib.unified_diff(
            written.splitlines(keepends=True), text.splitlines(keepends=True), str(path), "made now"
        )
    )
    return written == text


def cli_reference() -> str:
    """The reference as typer writes it."""
    command = [sys.executable, "-m", "typer", "streamlab.cli", "utils", "docs"]
    options = ["--name", "streamlab", "--title", "The command line"]
    made = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    head, newline, rest = made.stdout.partition("\n")
    note = "\n<!-- written by `make docs` from the program itself; do not edit -->\n"
    return head + newline + note + rest.rstrip() + "\n"


def picture(command: str, renderable: RenderableType) -> str:
    """What a terminal shows, as SVG."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    prompt = Text.assemble(("$ ", "dim"), (command, "cyan"))
    console.print(Group(prompt, Text(), renderable), highlight=False)
    # A fixed id keeps the file the same from run to run.
    svg = console.export_svg(title="streamlab", unique_id="streamlab")
    # No font from elsewhere: a picture in the docs fetches nothing.
    svg = re.sub(r"@font-face\s*\{[^}]*\}", "", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
