"""Reads the options of `report`, gathers the samples it is about, and prints it."""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from streamlab.cli._console import narrate, print_json, show
from streamlab.errors import InputError
from streamlab.latency import GROUPINGS, OUTCOMES, Grouping, Outcome, Overview, Sample
from streamlab.report import (
    LatencyView,
    latency_csv,
    latency_json,
    latency_markdown,
    verdict_text,
    verdicts_junit,
)
from streamlab.store import Library, sample_of

__all__ = [
    "gather",
    "print_overview",
    "read_groupings",
    "read_outcomes",
    "read_statuses",
    "read_time",
    "split",
    "write_junit",
]


def gather(which: Sequence[str], db: Path, *, everything: bool) -> list[Sample]:
    """The samples of what is named, each recording of the library once; of the whole library if
    nothing is. NotFoundError, StoreError or CassetteError where there are none."""
    files, words = split(which)
    samples: list[Sample] = []
    if everything or not which:
        with Library(db) as library:
            samples = library.samples()
    elif words:
        with Library(db) as library:
            samples = library.samples(library.resolve(words))
    if not files:
        return samples
    from streamlab.cli._check import recordings_of  # all that `import` takes is not soon there

    read = (recording for file in files for _, recording in recordings_of(file, db))
    return [*samples, *map(sample_of, read)]


def split(which: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those of the words that are files, and the others."""
    files = [word for word in which if Path(word).suffix and Path(word).is_file()]
    return files, [word for word in which if word not in files]


def read_groupings(text: str) -> tuple[Grouping, ...]:
    """`model,tag`. InputError where one is unknown."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    found = tuple(dict.fromkeys(each for word in words for each in GROUPINGS if each == word))
    if unknown := [word for word in words if word not in GROUPINGS]:
        raise InputError(f"--by {unknown[0]!r} is no grouping", f"one of {', '.join(GROUPINGS)}")
    return found


def read_outcomes(words: Sequence[str]) -> tuple[Outcome, ...]:
    """Outcomes by name, several separated by commas. InputError where one is unknown."""
    words = [part.strip() for word in words for part in word.split(",")]
    if unknown := [word for word in words if word not in OUTCOMES]:
        raise InputError(f"--outcome {unknown[0]!r} is none", f"one of {', '.join(OUTCOMES)}")
    return tuple(outcome for outcome in OUTCOMES if outcome in words)


def read_statuses(words: Sequence[str]) -> tuple[str, ...]:
    """`200`, `4xx`, several separated by commas. InputError where one is neither."""
    statuses = tuple(part.strip().lower() for word in words for part in word.split(","))
    for status in statuses:
        if not re.fullmatch(r"[1-9][0-9]{2}|[1-9]xx", status):
            raise InputError(f"--status {status!r} is none", "three digits, or such as 4xx")
    return statuses


def read_time(option: str, text: str) -> str:
    """A time in ISO 8601 as recordings have theirs; UTC where it says nothing. InputError where it
    is none."""
    if not text:
        return ""
    try:
        time = datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        utc = time.astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "a day or a time, for example 2026-11-21 or 2026-11-21T10:30"
        raise InputError(f"{option} {text!r} is no time", hint) from None
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def print_overview(overview: Overview, form: str) -> None:
    """Print it in the form that an option names; gates go to stderr where the form has no word for
    them."""
    match form:
        case "--json":
            print_json(latency_json(overview))
        case "--md":
            sys.stdout.write(latency_markdown(overview))
        case "--csv":
            sys.stdout.write(latency_csv(overview))
            for verdict in overview.verdicts:
                mark = ("PASS", "green") if verdict.passed else ("FAIL", "bold red")
                narrate(mark, "  ", verdict_text(verdict, overview))
        case _:
            show(LatencyView(overview))


def write_junit(path: Path, overview: Overview) -> None:
    """Write the gates. InputError where the file cannot be written."""
    try:
        path.write_text(verdicts_junit(overview), "utf-8")
    except OSError as error:
        raise InputError(f"--junit {path}: {error.strerror}", "name a file in a folder") from error
