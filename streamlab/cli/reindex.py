"""`streamlab reindex`: make what is derived from recordings anew."""

from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["reindex"]


def reindex(
    which: WhichListArgument = [],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
) -> None:
    """Derive events, metrics and findings anew, of all recordings if none is named."""
    from streamlab.cli._console import narrate
    from streamlab.store import Library

    with Library(db) as library:
        count = library.reindex(library.resolve(which) if which else None)
    narrate(f"reindexed {count}")
