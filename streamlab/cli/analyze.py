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

    Exit code 1 if one has something malformed, reports an error or did not end well.
    """
    from streamlab import analysis
    from streamlab.cli._console import print_json, show
    from streamlab.cli._select import select
    from streamlab.report import analysis_json, analysis_view

    stall_ns = round(stall_ms * 1_000_000)
    analyses = [analysis.analyze(each, stall_ns=stall_ns) for each in select(which, db)]
    if as_json:
        print_json([analysis_json(each) for each in analyses])
    else:
        show(analysis_view(analyses))
    raise typer.Exit(0 if all(each.is_clean for each in analyses) else 1)
