"""What `check` has looked at: a recording, where it was found, and its findings."""

from dataclasses import dataclass

from streamlab.finding import Finding

__all__ = ["Checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`file` is the file that holds the recording, "" if it is in a library; `url` the one that it
    answered."""

    recording_id: str
    name: str
    url: str
    file: str
    is_timed: bool
    findings: tuple[Finding, ...]
