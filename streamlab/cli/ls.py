"""`streamlab ls`: what is in the library."""

from streamlab.cli._options import DbOption, JsonOption

__all__ = ["ls"]


def ls(db: DbOption = "streamlab.db", as_json: JsonOption = False) -> None:  # type: ignore[assignment]
    """List the recordings of the library, oldest first."""
    from dataclasses import asdict

    from streamlab.cli._console import narrate, print_json, show
    from streamlab.report import ListingView
    from streamlab.store import Library

    with Library(db) as library:
        summaries = library.summaries()
    if as_json:
        print_json([asdict(summary) for summary in summaries])
    elif summaries:
        show(ListingView(summaries))
    else:
        narrate(f"{db} holds no recordings yet")
