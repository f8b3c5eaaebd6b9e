"""Writes the docs that are made from the program: `make docs`; with --check only compares.

- docs/cli.md from the command line's own help
- the tables in docs/faults.md from the faults themselves
- the rules in docs/findings.md from the rules themselves
- the table in docs/dialects.md from the dialects, and what they say of the cassettes in fixtures/
- the table of models in docs/clients.md likewise
- the outputs in docs/show.md, docs/compare.md and docs/reports.md from the commands above them
- docs/analyze.svg, docs/check.svg, docs/show.svg, docs/steps.svg: what a terminal shows of such
  cassettes
"""

import difflib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.text import Text

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.client_model import MODELS
from streamlab.content_coding import decoded_body
from streamlab.dialect import DIALECTS
from streamlab.fault import COMMON_OPTIONS, KINDS
from streamlab.fault.option import Option, number_text
from streamlab.finding import RULES, Rule, find
from streamlab.recording import Recording
from streamlab.report import (
    FindingsView,
    Selection,
    analysis_view,
    counts_text,
    events_view,
    lay_out,
    visible,
)

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FIXTURES = ROOT / "fixtures"
COLUMNS = 104
PAGE_COLUMNS = 96


def main() -> int:
    (cut,) = read_cassette(FIXTURES / "systems/selamgpt-dropped.jsonl")
    made = {
        DOCS / "cli.md": cli_reference(),
        DOCS / "faults.md": with_tables((DOCS / "faults.md").read_text("utf-8"), fault_tables()),
        DOCS / "clients.md": with_tables(
            (DOCS / "clients.md").read_text("utf-8"), model_table(), end="models"
        ),
        DOCS / "show.md": with_outputs((DOCS / "show.md").read_text("utf-8")),
        DOCS / "compare.md": with_outputs((DOCS / "compare.md").read_text("utf-8")),
        DOCS / "reports.md": with_outputs((DOCS / "reports.md").read_text("utf-8")),
        DOCS / "findings.md": with_tables((DOCS / "findings.md").read_text("utf-8"), rule_texts()),
        DOCS / "check.svg": picture(
            "streamlab check fixtures/systems/selamgpt-dropped.jsonl",
            Group(FindingsView(find(cut)), counts_text(find(cut))),
        ),
        DOCS / "dialects.md": with_tables(
            (DOCS / "dialects.md").read_text("utf-8"), dialect_table()
        ),
        DOCS / "analyze.svg": analysis_picture("systems/assisters-malformed.jsonl"),
        DOCS / "steps.svg": analysis_picture("systems/fastgpt-tools.jsonl"),
        DOCS / "show.svg": picture(
            "streamlab show fixtures/broken/relay.jsonl",
            events_view(lay_out(read_cassette(FIXTURES / "broken/relay.jsonl")[0]), Selection()),
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


def dialect_table() -> str:
    """Every dialect: what its module says it is, the evidence for it in a fixture, its end."""
    cassettes = sorted(FIXTURES.rglob("*.jsonl"), key=lambda path: path.stem)
    analyses = [analyze(recording) for path in cassettes for recording in read_cassette(path)]
    evidence = {analysis.dialect: analysis.evidence for analysis in reversed(analyses)}
    rows = ["| dialect | what it is | evidence, for example | what ends it |", "|---|---|---|---|"]
    for dialect in DIALECTS:
        module = sys.modules[dialect.detect.__module__]
        title = str(module.__doc__).partition("\n")[0].removesuffix(".")
        cells = (f"`{dialect.name}`", title, evidence[dialect.name], dialect.ends)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


THEMES = {
    "SL1": "transport",
    "SL2": "framing",
    "SL3": "payload",
    "SL4": "protocol",
    "SL5": "time",
}


def rule_texts() -> str:
    """Every rule: what it says, an example, and what to do; a table of all first."""
    rows = ["| rule | | severity | |", "|---|---|---|---|"]
    rows += [
        f"| [{rule.code}](#{anchor(rule)}) | `{rule.slug}` | {rule.severity} | {rule.text} |"
        for rule in RULES
    ]
    parts = ["\n".join(rows)]
    for prefix, theme in THEMES.items():
        parts.append(f"## {prefix}xx: {theme}")
        parts += [rule_text(rule) for rule in RULES if rule.code.startswith(prefix)]
    return "\n\n".join(parts)


def anchor(rule: Rule) -> str:
    return f"{rule.code}-{rule.slug}".lower()


def rule_text(rule: Rule) -> str:
    return "\n\n".join(
        [
            f"### {rule.code} {rule.slug}",
            f"*{rule.severity}.* {rule.text}",
            f"```text\n{example_text(rule.example.recording())}\n```",
            f"Likely cause: {rule.cause}.",
            f"What to do: {rule.hint}.",
        ]
    )


def example_text(recording: Recording) -> str:
    """The response: what of its head counts, its decoded body, and how it ended."""
    response, end = recording.response, recording.end
    assert end is not None
    lines = []
    if response is not None:
        lines = [f"HTTP {response.status}, after {response.at_ns / 1e9:g} s"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        lines += ["", *body_lines(recording), ""]
    return "\n".join([*lines, f"{end.reason}, after {end.at_ns / 1e9:g} s"])


def body_lines(recording: Recording) -> list[str]:
    """Its lines, cut where they are long; what is no UTF-8, and a CR, is escaped."""
    text = decoded_body(recording).decode("utf-8", "backslashreplace")
    shown = visible(text.replace("\r", "\\r")).rstrip("\n")
    return [line if len(line) <= 200 else f"{line[:200]}…" for line in shown.split("\n")]


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


def with_outputs(text: str) -> str:
    """The text with what its console blocks' commands print, run in the checkout."""
    return re.sub(r"(?<=```console\n)\$ streamlab (.*)\n[^`]*(?=```)", printed, text)


def printed(block: re.Match[str]) -> str:
    """A command and its output, as wide as a page; patterns of files as a shell reads them."""
    environment = {**os.environ, "COLUMNS": str(PAGE_COLUMNS), "PYTHONIOENCODING": "utf-8"}
    words = [each for word in shlex.split(block[1]) for each in files(word)]
    ran = subprocess.run(
        [sys.executable, "-m", "streamlab", *words],
        cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert ran.returncode in (0, 1), ran.stderr  # 1: what was found is an error, or worse
    return f"$ streamlab {block[1]}\n{ran.stdout}"


def files(word: str) -> list[str]:
    """The files that a word's pattern means; the word if it is none."""
    if not word.endswith("*.jsonl"):
        return [word]
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(word))


def analysis_picture(name: str) -> str:
    """What `analyze` shows of a cassette in fixtures/."""
    recordings = read_cassette(FIXTURES / name)
    view = analysis_view([*map(analyze, recordings)], [*map(find, recordings)])
    return picture(f"streamlab analyze fixtures/{name}", view)


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
