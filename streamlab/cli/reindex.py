"""`streamlab reindex`: make what is derived from recordings anew."""

from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["reindex"]


def reindex(
    which: WhichListArgument = [],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
) -> None:
    """Derive events, metrics and findings anew, of all recordings if none is named."""
    import os

    from streamlab.cli._console import narrate
    from streamlab.store import Library

    with Library(db) as library:
        count = library.reindex(library.resolve(which) if which else None, jobs=os.cpu_count() or 1)
    narrate(f"reindexed {count}")
