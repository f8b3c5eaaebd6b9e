"""Writes the docs that are made from the program: `make docs`; with --check only compares.

- docs/cli.md from the command line's own help
- the tables in docs/faults.md from the faults themselves
- the table of models in docs/clients.md likewise
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
from streamlab.client_model import MODELS
from streamlab.fault import COMMON_OPTIONS, KINDS
from streamlab.fault.option import Option, number_text
from streamlab.report import analysis_view, events_view

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FIXTURES = ROOT / "fixtures"
COLUMNS = 104


def main() -> int:
    made = {
        DOCS / "cli.md": cli_reference(),
        DOCS / "faults.md": with_tables((DOCS / "faults.md").read_text("utf-8"), fault_tables()),
        DOCS / "clients.md": with_tables(
            (DOCS / "clients.md").read_text("utf-8"), model_table(), end="models"
        ),
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


def fault_tables() -> str:
    """Every fault with its options, and the options that all have."""
    rows = ["| fault | what it does | options | for example |", "|---|---|---|---|"]
    rows += [
        f"| `{kind.name}` | {kind.text} | {', '.join(map(option_text, kind.options))} "
        f"| `{kind.example}` |"
        for kind in KINDS.values()
    ]
    common = ["", "| for each of them | |", "|---|---|"]
    common += [
        f"| {option_text(option)} | {COMMON_TEXTS[option.name]} |" for option in COMMON_OPTIONS
    ]
    return "\n".join([*rows, *common])


COMMON_TEXTS = {
    "times": "breaks so many answers and then no more; without it, all",
    "probability": "breaks an answer with this probability",
    "seed": "draws otherwise",
    "on": "breaks answers of the recording with this name or id only",
}


def option_text(option: Option) -> str:
    """Its name with its default, and what it counts or may be."""
    default = option.default
    shown = number_text(default) if isinstance(default, int | float) else default
    unit = option.number.unit if option.number else ""
    # Some names say their unit.
    is_said = option.name.endswith(unit.replace("/", "_per_"))
    means = ", ".join(option.choices) or ("" if is_said else unit)
    name = f"`{option.name}={shown}`" if shown not in (None, "") else f"`{option.name}`"
    return f"{name} ({means})" if means else name


def model_table() -> str:
    """Every model of a client, and where its behaviour is read."""
    rows = ["| client | what it is | versions | source |", "|---|---|---|---|"]
    rows += [
        f"| `{model.name}` | {model.title} | {model.versions} | {model.source} |"
        for model in MODELS.values()
    ]
    return "\n".join(rows)


def with_tables(text: str, tables: str, *, end: str = "tables") -> str:
    """The text with what stands between its two comments exchanged."""
    start = text.index("do not edit -->\n") + len("do not edit -->\n")
    stop = text.index(f"<!-- the end of the {end} -->")
    return f"{text[:start]}\n{tables}\n\n{text[stop:]}"


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
