"""What a replay was asked, as tests want to look at it afterwards."""

from dataclasses import dataclass

from streamlab.recording import Header

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, credentials redacted, and what answered it: the id of a recording, or "" where
    none did, and the specs of the faults that broke the answer. `target` is the path with its
    query."""

    method: str
    target: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    recording_id: str = ""
    faults: tuple[str, ...] = ()
