"""What a report is made of: a recording, its numbers and its findings."""

from typing import NamedTuple

from streamlab.analysis import Analysis
from streamlab.finding import Finding
from streamlab.latency import Outcome, outcome_of
from streamlab.recording import UNTIMED, Recording

__all__ = ["Reported"]


class Reported(NamedTuple):
    """`findings` are all of the recording's, in the order of their places."""

    recording: Recording
    analysis: Analysis
    findings: tuple[Finding, ...]

    @property
    def label(self) -> str:
        """The recording's name, else its id: untrusted text."""
        return self.recording.name or self.recording.id

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        return outcome_of(self.analysis)

    @property
    def is_timed(self) -> bool:
        """Whether its times mean something."""
        return UNTIMED not in self.recording.tags
