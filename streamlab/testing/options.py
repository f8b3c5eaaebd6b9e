"""How a test uses its cassette."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from streamlab.errors import InputError
from streamlab.fault import Fault, parse_fault
from streamlab.record.command import BASE_URLS, BaseUrl
from streamlab.record_mode import RecordMode
from streamlab.redaction import Redaction
from streamlab.replay.match import Match
from streamlab.replay.speed import parse_speed

__all__ = ["OldCassetteWarning", "Options", "default_record_mode"]

_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


class OldCassetteWarning(UserWarning):
    """A cassette is older than its test wants it to be: the API may answer otherwise by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a test uses its cassette; None means what is usual.

    `record_mode` is none where the variable CI is set and once elsewhere. `speed` (a factor, or as
    on the command line) is instant, and as recorded on a manual clock, which costs no time either.
    Requests must be the recorded ones (`match="body"`), but for `ignore_json_paths`, so that a
    changed prompt is noticed. `base_urls` names more variables that point a program at its APIs,
    each with the URL of the real one: `{"SHOP_LLM_URL": "https://llm.example/v1"}`. InputError for
    what cannot be used.
    """

    record_mode: RecordMode | None = None
    speed: float | str | None = None
    match: Match = "body"
    ignore_json_paths: Sequence[str] = ()
    faults: Sequence[str | Fault] = ()
    redact: Redaction | None = None
    base_urls: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _choose("record_mode", self.record_mode, (None, *get_args(RecordMode)))
        _choose("match", self.match, get_args(Match))
        self.factor(0)
        for each in self.faults:
            if isinstance(each, str):
                parse_fault(each)

    def factor(self, usual: float) -> float:
        """The speed as a factor; `usual` where nothing is said."""
        return usual if self.speed is None else parse_speed(str(self.speed))

    def bases(self) -> tuple[BaseUrl, ...]:
        """The variables that point SDKs and the program itself at their APIs."""
        own = (
            BaseUrl(variable=variable, prefix=variable.lower(), default=url)
            for variable, url in self.base_urls.items()
        )
        return (*BASE_URLS, *own)


def _choose(option: str, value: object, choices: Sequence[object]) -> None:
    if value not in choices:
        known = ", ".join(str(choice) for choice in choices if choice is not None)
        raise InputError(f"{option} {value!r} is none", f"there are: {known}")


def default_record_mode(environment: Mapping[str, str]) -> RecordMode:
    """What is safe: a machine that builds and tests never asks the real API."""
    return "once" if environment.get("CI", "").lower() in _FALSE else "none"
