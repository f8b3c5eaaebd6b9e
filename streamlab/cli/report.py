"""`streamlab report`: the numbers of many recordings."""

from pathlib import Path
from typing import Annotated

import typer

from streamlab.cli._options import DbOption, JsonOption

__all__ = ["report"]


def report(
    which: Annotated[
        list[str] | None,
        typer.Argument(
            help="Id, beginning of an id, name, `latest`, or a file: a cassette, or anything that "
            "`import` takes. Without any, the whole library.",
            metavar="WHICH...",
            show_default=False,
        ),
    ] = None,
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    everything: Annotated[
        bool, typer.Option("--all", help="The whole library, besides what WHICH names.")
    ] = False,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Only with such a name; may be repeated.", metavar="GLOB"),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Only with such a tag; may be repeated.", metavar="GLOB"),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="Only that ask for such a model; may be repeated.", metavar="GLOB"
        ),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", help="Only of such a host; may be repeated.", metavar="GLOB"),
    ] = None,
    since: Annotated[
        str,
        typer.Option("--since", help="Only from this time on, UTC if not said.", metavar="TIME"),
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Only before this time.", metavar="TIME")
    ] = "",
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Only with this HTTP status, or 4xx.", metavar="STATUS"),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome", help="Only with this outcome, such as complete.", metavar="OUTCOME"
        ),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="By groups, too: model, tag, name, provider, dialect.",
            metavar="WHAT,WHAT",
        ),
    ] = "",
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            help='Exit 1 if this is so, such as "ttft p(95)>800ms"; may be repeated.',
            metavar="GATE",
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", help="Write the gates as JUnit XML, too.", metavar="FILE"),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a page with charts that opens offline.", metavar="FILE"),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write each chart as SVG.", metavar="FOLDER")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="Write each chart as PNG.", metavar="FOLDER")
    ] = None,
    title: Annotated[
        str, typer.Option("--title", help="What stands on top of the page.")
    ] = "Streams",
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with times in ns.")] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
) -> None:
    """Say how fast many recordings were.

    Percentiles, groups and gates: docs/reports.md explains them. Exit code 1 if a gate fails, as
    one does on what was measured nowhere.
    """
    from streamlab.cli._report import (
        gather,
        print_overview,
        read_groupings,
        read_outcomes,
        read_statuses,
        read_time,
        write_junit,
    )
    from streamlab.latency import Choice, chosen, overview, parse_gate

    forms = {"--json": as_json, "--csv": as_csv, "--md": as_markdown}
    if sum(forms.values()) > 1:
        raise typer.BadParameter(f"one of {', '.join(forms)}, not several")
    choice = Choice(
        names=tuple(name or ()),
        tags=tuple(tag or ()),
        models=tuple(model or ()),
        providers=tuple(provider or ()),
        statuses=read_statuses(status or []),
        outcomes=read_outcomes(outcome or []),
        since=read_time("--since", since),
        until=read_time("--until", until),
    )
    groupings, gates = read_groupings(by), [parse_gate(text) for text in fail_if or []]
    samples = chosen(gather(which or [], db, everything=everything), choice)
    made = overview(samples, by=groupings, gates=gates)
    print_overview(made, next((form for form, wanted in forms.items() if wanted), ""))
    if junit is not None:
        write_junit(junit, made)
    if html or svg or png:
        from streamlab.cli._report_files import reported, write_files

        shown = reported(which or [], db, {sample.id for sample in samples}, everything=everything)
        write_files(shown, html=html, svg=svg, png=png, title=title)
    raise typer.Exit(0 if all(verdict.passed for verdict in made.verdicts) else 1)
