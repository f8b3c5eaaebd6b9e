"""`streamlab show`: one stream on its time line."""

from typing import Annotated

import typer

from streamlab.cli._options import DbOption, JsonOption, WhichArgument

__all__ = ["show"]


def show(
    which: WhichArgument = "latest",
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    raw: Annotated[bool, typer.Option("--raw", help="Write the body as it was sent.")] = False,
    reads: Annotated[bool, typer.Option("--reads", help="Show reads instead of events.")] = False,
    text: Annotated[bool, typer.Option("--text", help="Print the assembled text only.")] = False,
    events: Annotated[
        str, typer.Option("--events", help="Only these event types, separated by commas.")
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on while it is being recorded.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one stream event by event, with the gaps drawn to scale."""
    from streamlab.cli import _console
    from streamlab.cli._select import select_one
    from streamlab.cli._show import shown_json, shown_text, shown_view, write_raw

    recording = select_one(which, db)
    types = [name.strip() for name in events.split(",") if name.strip()]
    if follow:
        from streamlab.cli._follow import follow_events

        follow_events(recording.id, db, types)
    elif raw:
        write_raw(recording)
    elif text:
        _console.print_text(shown_text(recording))
    elif as_json:
        _console.print_json(shown_json(recording, types, reads=reads))
    else:
        _console.show(shown_view(recording, types, reads=reads))
