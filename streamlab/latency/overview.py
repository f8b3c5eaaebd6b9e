"""All that a report says, as a value: everything, by groups, and what gates say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from streamlab.latency.gate import Gate, Verdict, judge
from streamlab.latency.sample import Sample
from streamlab.latency.summary import Summary, summarize

__all__ = ["GROUPINGS", "Group", "Grouping", "Overview", "group", "overview"]

Grouping = Literal["model", "tag", "name", "provider", "dialect"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Samples that share what they are grouped by, and their summary; `key` has a text for each of
    that, "" where a recording has none."""

    key: tuple[str, ...]
    samples: tuple[Sample, ...]
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`whole` is all there is, `groups` the same by `by` (none without it), `verdicts` those on
    each group, or on the whole where there are no groups."""

    by: tuple[Grouping, ...]
    whole: Group
    groups: tuple[Group, ...]
    verdicts: tuple[Verdict, ...]


def overview(
    samples: Sequence[Sample], *, by: Sequence[Grouping] = (), gates: Sequence[Gate] = ()
) -> Overview:
    """What there is to say of `samples`."""
    whole = Group(key=(), samples=tuple(samples), summary=summarize(samples))
    groups = group(samples, by) if by else ()
    return Overview(
        by=tuple(by),
        whole=whole,
        groups=groups,
        verdicts=tuple(
            judge(gate, each.samples, each.key) for gate in gates for each in groups or (whole,)
        ),
    )


def group(samples: Sequence[Sample], by: Sequence[Grouping]) -> tuple[Group, ...]:
    """The groups of `samples`, sorted by key. One with several tags is in the group of each."""
    found: dict[tuple[str, ...], list[Sample]] = {}
    for sample in samples:
        for key in product(*(_texts(sample, grouping) for grouping in by)):
            found.setdefault(key, []).append(sample)
    return tuple(
        Group(key=key, samples=tuple(members), summary=summarize(members))
        for key, members in sorted(found.items())
    )


def _texts(sample: Sample, grouping: Grouping) -> Sequence[str]:
    if grouping == "tag":
        return tuple(dict.fromkeys(sample.tags)) or ("",)
    return (getattr(sample, grouping) or "",)
