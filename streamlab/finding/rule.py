"""A rule, and the registry that the decorator `rule` fills: one small function per rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from streamlab.finding.example import Example
from streamlab.finding.model import Severity
from streamlab.finding.spot import Spot
from streamlab.finding.subject import Subject

__all__ = ["REGISTRY", "Rule", "rule"]

Find = Callable[[Subject], Iterator[Spot]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `text` explains it, `cause` and `hint` are those of its findings; on `example` it
    strikes, and it alone. Ids are never given anew."""

    code: str
    slug: str
    severity: Severity
    text: str
    cause: str
    hint: str
    example: Example
    find: Find


REGISTRY: Final[dict[str, Rule]] = {}


def rule(
    code: str, slug: str, severity: Severity, *, cause: str, hint: str, example: Example
) -> Callable[[Find], Find]:
    """Registers a function as a rule; its docstring explains it."""

    def register(find: Find) -> Find:
        assert code not in REGISTRY, code
        REGISTRY[code] = Rule(
            code=code,
            slug=slug,
            severity=severity,
            text=" ".join(cleandoc(find.__doc__ or "").split()),
            cause=cause,
            hint=hint,
            example=example,
            find=find,
        )
        return find

    return register
