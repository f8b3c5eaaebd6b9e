"""`streamlab analyze`: the numbers of streams, side by side."""

from typing import Annotated

import typer

from streamlab.cli._options import DbOption, JsonOption, WhichListArgument

__all__ = ["analyze"]


def analyze(
    which: WhichListArgument = ["latest"],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    stall_ms: Annotated[
        float, typer.Option("--stall-ms", help="A silence above this is a stall.", min=0)
    ] = 500.0,
    as_json: JsonOption = False,
) -> None:
    """Say how fast streams were and what is wrong with them.

    Exit code 1 if a finding is an error. `streamlab check` shows each finding in full.
    """
    from streamlab.analysis import analyze as analyze_stream
    from streamlab.analysis import read_stream
    from streamlab.cli._console import print_json, show
    from streamlab.cli._select import select
    from streamlab.finding import Limits, find, is_clean
    from streamlab.report import analysis_json, analysis_view

    limits = Limits(stall_ns=round(stall_ms * 1_000_000))
    recordings = select(which, db)
    streams = [read_stream(each) for each in recordings]
    analyses = [
        analyze_stream(each, stall_ns=limits.stall_ns, stream=stream)
        for each, stream in zip(recordings, streams, strict=True)
    ]
    findings = [
        find(each, stream=stream, analysis=analysis, limits=limits)
        for each, stream, analysis in zip(recordings, streams, analyses, strict=True)
    ]
    if as_json:
        print_json(list(map(analysis_json, analyses, findings)))
    else:
        show(analysis_view(analyses, findings))
    raise typer.Exit(0 if all(map(is_clean, findings)) else 1)
