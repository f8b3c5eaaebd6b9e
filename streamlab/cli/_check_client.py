"""What `check --client` prints: what clients would see of streams."""

from collections.abc import Sequence
from pathlib import Path

from streamlab.cli._check import recordings_of
from streamlab.cli._console import print_json, show
from streamlab.client_model import client_verdicts
from streamlab.errors import InputError
from streamlab.report import client_view, verdict_json

__all__ = ["check_clients"]


def check_clients(which: Sequence[str], db: Path, clients: str, form: str) -> bool:
    """Print a verdict for each of the clients, named with commas between; whether each sees the
    whole. InputError for a client or a form that there is not."""
    if form not in ("text", "json"):
        raise InputError(f"--client has no form {form!r}", "take --format text or json")
    names = [name.strip() for name in clients.split(",") if name.strip()]
    recordings = [recording for word in which for _, recording in recordings_of(word, db)]
    verdicts = client_verdicts(recordings, names)
    if form == "json":
        print_json([verdict_json(verdict) for verdict in verdicts])
    else:
        show(client_view(verdicts))
    return all(verdict.outcome == "whole" for verdict in verdicts)
