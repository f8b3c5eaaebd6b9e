"""`streamlab redact`: take out of stored recordings what should not be there."""

from typing import Annotated

import typer

from streamlab.cli._options import (
    DbOption,
    JsonOption,
    RedactHeaderOption,
    RedactJsonPathOption,
    RedactRegexOption,
    WhichListArgument,
)

__all__ = ["redact"]


def redact(
    which: WhichListArgument,
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    redact_header: RedactHeaderOption = None,
    redact_json_path: RedactJsonPathOption = None,
    redact_regex: RedactRegexOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be replaced, change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Replace values in stored recordings for good: nothing of them is left in the file.

    Credentials are looked for in any case. Events, metrics and findings are derived anew.
    """
    from streamlab.cli._console import narrate, print_json
    from streamlab.cli._redaction import parse_redaction
    from streamlab.store import Library

    rules = parse_redaction(redact_header, redact_json_path, redact_regex)
    with Library(db) as library:
        replaced = library.redact(library.resolve(which), rules, dry_run=dry_run)
    if as_json:
        print_json([{"id": key, "replaced": count} for key, count in replaced.items()])
        return
    for key, count in replaced.items():
        if count:
            narrate((key, "cyan"), f" {count}")
    total, changed = sum(replaced.values()), sum(map(bool, replaced.values()))
    verb = "would replace" if dry_run else "replaced"
    values = "value" if total == 1 else "values"
    narrate(f"{verb} {total} {values} in {changed} of {len(replaced)}")
