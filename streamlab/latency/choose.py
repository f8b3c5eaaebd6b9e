"""Which recordings a report is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from streamlab.latency.sample import Sample

__all__ = ["Choice", "chosen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is empty allows all. Patterns are those of `fnmatch`, of which one has to match; the
    times are UTC, as in `Sample.started_at`, the first included, the second not. A status is three
    digits, or `4xx` for all that begin with 4."""

    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


def chosen(samples: Iterable[Sample], choice: Choice) -> list[Sample]:
    """The samples that a choice allows. One that has no time was at no time."""
    return [sample for sample in samples if _is_chosen(sample, choice)]


def _is_chosen(sample: Sample, choice: Choice) -> bool:
    return (
        _matches([sample.name], choice.names)
        and _matches(sample.tags, choice.tags)
        and _matches([sample.model or ""], choice.models)
        and _matches([sample.provider], choice.providers)
        and (not choice.outcomes or sample.outcome in choice.outcomes)
        and (not choice.statuses or _has_status(sample.status, choice.statuses))
        and (not choice.since or sample.started_at >= choice.since)
        and (not choice.until or "" < sample.started_at < choice.until)
    )


def _matches(texts: Sequence[str], patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(text, each) for text in texts for each in patterns)


def _has_status(status: int | None, wanted: tuple[str, ...]) -> bool:
    digits = "-" if status is None else str(status)
    return any(digits == each or digits[0] + "xx" == each for each in wanted)
