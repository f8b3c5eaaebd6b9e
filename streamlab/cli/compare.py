"""`streamlab compare`: two recordings on one time line, or two sets of them with a verdict."""

from typing import Annotated, Literal

import typer

from streamlab.cli._options import DbOption, JsonOption

__all__ = ["compare"]

_Side = Annotated[
    str,
    typer.Argument(
        help="Id, beginning of an id, name, `latest`, the file of a cassette, tag:TAG, name:GLOB "
        "or model:GLOB."
    ),
]


def compare(
    a: _Side,
    b: _Side,
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    sets: Annotated[
        bool, typer.Option("--sets", help="Compare sets, even of one recording each.")
    ] = False,
    paired: Annotated[
        bool,
        typer.Option("--paired", help="Compare sets pair by pair, each pair of the same request."),
    ] = False,
    min_change: Annotated[
        str,
        typer.Option("--min-change", help="A smaller change of a median is none.", metavar="N%"),
    ] = "10%",
    min_ms: Annotated[
        float, typer.Option("--min-ms", help="Nor is a smaller one of a time.", min=0)
    ] = 5.0,
    alpha: Annotated[
        float, typer.Option("--alpha", help="How likely chance may be the cause.", min=0, max=1)
    ] = 0.05,
    seed: Annotated[int, typer.Option("--seed", help="Resample otherwise.", min=0)] = 0,
    fail_on: Annotated[
        Literal["worse", "inconclusive", "never"],
        typer.Option(
            "--fail-on", help="Exit 1 if a metric is worse; or worse or inconclusive; or never."
        ),
    ] = "worse",
    as_json: JsonOption = False,
    md: Annotated[bool, typer.Option("--md", help="Print Markdown.")] = False,
) -> None:
    """Say what differs between two recordings, or between two sets of them.

    Two recordings are set on one time line. If A or B means several, or with --sets or --paired,
    their metrics are compared, each with a verdict: better, worse, same or inconclusive. Exit code
    1 if a metric of B is worse.
    """
    from streamlab.cli._compare import print_sets, print_streams, read_criteria
    from streamlab.cli._select import select_set

    form = "json" if as_json else "md" if md else "text"
    criteria = read_criteria(min_change, min_ms, alpha)
    of_a, of_b = select_set(a, db), select_set(b, db)
    if not sets and not paired and len(of_a) == len(of_b) == 1:
        print_streams(of_a[0], of_b[0], form)
        return
    names = a, b
    comparison = print_sets(of_a, of_b, names, form, criteria=criteria, paired=paired, seed=seed)
    is_worse = fail_on != "never" and comparison.has("worse")
    is_unclear = fail_on == "inconclusive" and comparison.has("inconclusive")
    raise typer.Exit(1 if is_worse or is_unclear else 0)
