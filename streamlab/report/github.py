"""Findings as workflow commands of GitHub Actions, which become annotations.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterator, Sequence
from typing import Final

from streamlab.report.checked import Checked
from streamlab.report.show_text import one_line

__all__ = ["github_commands"]

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})
_CHARS: Final = 300


def github_commands(checked: Sequence[Checked]) -> Iterator[str]:
    """A line for each finding."""
    for each in checked:
        for finding in each.findings:
            title = f"{finding.code} {finding.slug}"
            file = f"file={one_line(each.file, _CHARS).translate(_PROPERTY)}," if each.file else ""
            place = f"recording {each.recording_id}, bytes {finding.start}-{finding.stop}"
            text = one_line(finding.text, _CHARS)
            lines = [finding.message, place, text, f"try: {finding.hint}"]
            said = "\n".join(one_line(line, _CHARS) for line in lines if line)
            command = _COMMANDS[finding.severity]
            yield f"::{command} {file}title={title.translate(_PROPERTY)}::{said.translate(_DATA)}"
