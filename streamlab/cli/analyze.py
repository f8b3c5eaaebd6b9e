"""`streamlab analyze`: the numbers of streams, side by side."""

from typing import Annotated, Literal

import typer

from streamlab.cli._options import DbOption, JsonOption, WhichListArgument

__all__ = ["analyze"]

_Definitions = Literal["aiperf", "guidellm", "vllm", "evalscope", "sglang", "inference-perf", "all"]


def analyze(
    which: WhichListArgument = ["latest"],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    stall_ms: Annotated[
        float, typer.Option("--stall-ms", help="A silence above this is a stall.", min=0)
    ] = 500.0,
    deadlines_ms: Annotated[
        str,
        typer.Option(
            "--deadlines-ms",
            help="How long a reader waits for the first output, and for each other: which share "
            "came in time (fluidity index).",
            metavar="FIRST,NEXT",
        ),
    ] = "",
    definitions: Annotated[
        _Definitions | None,
        typer.Option("--definitions", help="Say what this tool, or all, would report."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which event and read set each number.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say how fast streams were and what is wrong with them.

    Exit code 1 if a finding is an error. `streamlab check` shows each finding in full.
    """
    from streamlab.cli._analyze import (
        Asked,
        analyzed,
        analyzed_json,
        analyzed_view,
        parse_deadlines,
    )
    from streamlab.cli._console import print_json, show
    from streamlab.cli._select import select
    from streamlab.finding import is_clean

    asked = Asked(
        stall_ns=round(stall_ms * 1_000_000),
        deadlines=parse_deadlines(deadlines_ms),
        definitions=definitions,
        explain=explain,
    )
    analyses = [analyzed(each, asked) for each in select(which, db)]
    if as_json:
        print_json([analyzed_json(each) for each in analyses])
    else:
        show(analyzed_view(analyses))
    raise typer.Exit(0 if all(is_clean(each.findings) for each in analyses) else 1)
