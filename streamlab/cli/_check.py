"""Reads the options of `check`, finds what is to be checked, and prints what was found."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from streamlab.cli._console import print_json, show
from streamlab.cli._import import read_any
from streamlab.cli._select import select as select_recordings
from streamlab.errors import InputError
from streamlab.finding import RULES, SEVERITIES, Limits, Severity, chosen, find, is_rule, matches
from streamlab.recording import UNTIMED, Recording
from streamlab.report import (
    Checked,
    FindingsView,
    counts_text,
    findings_json,
    github_commands,
    one_line,
    sarif_log,
)

__all__ = ["check_all", "print_checked", "read_rules", "read_severities", "recordings_of"]

_RULES_HINT = "docs/findings.md lists the rules; name one as SL301 or json-invalid, many as SL3"


def read_rules(options: Sequence[str]) -> list[str]:
    """The rules that options name, separated by commas. InputError where there is no such rule."""
    words = [word.strip() for option in options for word in option.split(",")]
    words = [word for word in words if word]
    for word in words:
        if not is_rule(word):
            raise InputError(f"there is no rule {word!r}", _RULES_HINT)
    return words


def read_severities(options: Sequence[str]) -> dict[str, Severity]:
    """By the code of a rule, the severity that is given for it. InputError where one is unknown."""
    severities: dict[str, Severity] = {}
    for option in options:
        word, equals, given = option.partition("=")
        severity = next((each for each in SEVERITIES if each == given.strip()), None)
        if not equals or severity is None:
            hint = f"write RULE=SEVERITY, with one of {', '.join(SEVERITIES)}"
            raise InputError(f"{option!r} gives no severity", hint)
        name = word.strip()
        if not is_rule(name):
            raise InputError(f"{option!r} names no rule", _RULES_HINT)
        codes = [rule.code for rule in RULES if matches(name, rule.code, rule.slug)]
        severities |= dict.fromkeys(codes, severity)
    return severities


def check_all(
    which: Sequence[str],
    db: Path,
    *,
    limits: Limits,
    severities: Mapping[str, Severity],
    select: Sequence[str],
    ignore: Sequence[str],
) -> list[Checked]:
    """What was asked about, with what is wrong with it."""
    return [
        Checked(
            recording_id=recording.id,
            name=recording.name,
            url=recording.request.url,
            file=file,
            is_timed=UNTIMED not in recording.tags,
            findings=chosen(find(recording, limits=limits, severities=severities), select, ignore),
        )
        for word in which
        for file, recording in recordings_of(word, db)
    ]


def recordings_of(word: str, db: Path) -> list[tuple[str, Recording]]:
    """The recordings that a word means, each with the file that it is in, if it is a file's name.

    A name of a recording that happens to be a file's, too, has to have a suffix to mean the file.
    """
    path = Path(word)
    if path.suffix and path.is_file():
        imported = read_any(path, request=None, every=True)
        return [(word, recording) for recording in imported.recordings]
    return [("", recording) for recording in select_recordings([word], db)]


def print_checked(checked: Sequence[Checked], form: str) -> None:
    """Print findings in the form `text`, `json`, `github` or `sarif`."""
    match form:
        case "json":
            print_json([_as_json(each) for each in checked])
        case "sarif":
            print_json(sarif_log(checked))
        case "github":
            sys.stdout.write("".join(line + "\n" for line in github_commands(checked)))
        case _:
            _print_text(checked)


def _as_json(each: Checked) -> dict[str, object]:
    return {
        "recording": each.recording_id,
        "name": each.name,
        "url": each.url,
        "file": each.file,
        "findings": findings_json(each.findings),
    }


def _print_text(checked: Sequence[Checked]) -> None:
    for each in checked:
        if len(checked) > 1:
            show(Text(one_line(each.file or each.name or each.recording_id, 200), "bold underline"))
        show(FindingsView(each.findings, is_timed=each.is_timed))
    show(counts_text([finding for each in checked for finding in each.findings]))
