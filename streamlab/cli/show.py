"""`streamlab show`: one stream on its time line, and closer."""

from typing import Annotated, Literal

import typer

from streamlab.cli._options import DbOption, JsonOption, WhichArgument

__all__ = ["show"]

_Form = Literal["events", "reads", "both", "bytes", "growth", "text", "raw"]
_PLACE = "event:7, read:3, byte:1203, 1.3s"


def show(
    which: WhichArgument = "latest",
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    form: Annotated[
        _Form,
        typer.Option(
            "--as",
            help="events or reads on the time line; both side by side; bytes in hexadecimal, odd "
            "ones marked; growth, the text with times; text; raw, the body as it was sent.",
        ),
    ] = "events",
    raw: Annotated[bool, typer.Option("--raw", help="The same as --as raw.")] = False,
    reads: Annotated[bool, typer.Option("--reads", help="The same as --as reads.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The same as --as text.")] = False,
    around: Annotated[
        str,
        typer.Option(
            help=f"Only this place, with its bytes: {_PLACE}, finding:0, or a finding's code.",
            metavar="PLACE",
        ),
    ] = "",
    context: Annotated[
        int, typer.Option(help="So many events before and behind --around.", min=0)
    ] = 3,
    from_: Annotated[
        str, typer.Option("--from", help=f"From here on: {_PLACE}.", metavar="PLACE")
    ] = "",
    to: Annotated[str, typer.Option(help="Up to here, included.", metavar="PLACE")] = "",
    events: Annotated[
        str, typer.Option("--events", help="Only these event types, separated by commas.")
    ] = "",
    kinds: Annotated[
        str, typer.Option(help="Only these kinds, separated by commas, such as text,tool_call.")
    ] = "",
    limit: Annotated[int | None, typer.Option(help="At most so many rows.", min=1)] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Show each event; do not fold those that are alike.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on while it is being recorded.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one stream event by event, with the gaps drawn to scale; or what is wrong with it."""
    from streamlab.cli import _console, _show
    from streamlab.cli._select import select_one

    form = "raw" if raw else "text" if text else "reads" if reads else form
    types, only_kinds = _show.words(events), _show.kinds(kinds)
    part = _show.Part(start=from_, stop=to, types=types, kinds=only_kinds, limit=limit, all=all_)
    _show.check(form, part, around, follow=follow)
    recording = select_one(which, db)
    if follow:
        from streamlab.cli._follow import follow_events

        follow_events(recording.id, db, types, only_kinds)
    elif form == "raw" and not as_json:
        _show.write_raw(recording)
    elif form == "text" and not as_json:
        _console.print_text(_show.shown_text(recording))
    elif as_json:
        _console.print_json(_show.shown_json(recording, form, part, around, context))
    else:
        _console.show(_show.shown_view(recording, form, part, around, context))
