"""`streamlab doctor`: is the library whole?"""

import typer

from streamlab.cli._options import DbOption, JsonOption

__all__ = ["doctor"]


def doctor(db: DbOption = "streamlab.db", as_json: JsonOption = False) -> None:  # type: ignore[assignment]
    """Look for what is wrong inside the library. Exit code 1 if there is anything."""
    from dataclasses import asdict

    from streamlab.cli._console import narrate, print_json
    from streamlab.report import one_line
    from streamlab.store import Library

    with Library(db) as library:
        found = library.diagnose()
        count = len(library.summaries())
    if as_json:
        print_json([asdict(diagnosis) for diagnosis in found])
    for diagnosis in found if not as_json else []:
        narrate((f"{one_line(diagnosis.place, 60)}: ", "red"), one_line(diagnosis.message, 200))
        narrate(("hint: ", "bold"), diagnosis.hint)
    if not found and not as_json:
        narrate(f"{db} is whole: {count} recording{'s' if count != 1 else ''}")
    raise typer.Exit(1 if found else 0)
