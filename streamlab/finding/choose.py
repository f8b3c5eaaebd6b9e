"""Some of the findings, by the names of their rules."""

from collections.abc import Iterable, Sequence

from streamlab.finding.model import Finding
from streamlab.finding.rules import RULES

__all__ = ["chosen", "is_rule", "matches"]


def matches(word: str, code: str, slug: str) -> bool:
    """Whether a word means a rule: its slug, its id, or the beginning of that, such as SL3."""
    return word == slug or (word != "" and code.startswith(word.upper()))


def is_rule(word: str) -> bool:
    """Whether a word means any rule at all."""
    return any(matches(word, rule.code, rule.slug) for rule in RULES)


def chosen(
    findings: Iterable[Finding], select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Those that are selected (all, where nothing is) and not ignored."""

    def is_wanted(finding: Finding) -> bool:
        def is_meant(words: Sequence[str]) -> bool:
            return any(matches(word, finding.code, finding.slug) for word in words)

        return (not select or is_meant(select)) and not is_meant(ignore)

    return tuple(filter(is_wanted, findings))
