"""Recordings as files of other tools. One file per format, `to_*.py`; a new one gets a line in
`_TEXTS`. What each keeps and loses stands in docs/export.md."""

from collections.abc import Callable, Iterable
from typing import Final, Literal, get_args

from streamlab.content_coding import decoded_body
from streamlab.errors import InputError
from streamlab.interop.to_aiperf import aiperf_text
from streamlab.interop.to_har import har_text
from streamlab.interop.to_otlp import otlp_text
from streamlab.interop.to_perfetto import perfetto_text
from streamlab.interop.to_vcr import vcr_text
from streamlab.recording import Recording

__all__ = ["FORMATS", "ForeignFormat", "foreign_bytes"]

ForeignFormat = Literal["sse", "har", "vcr", "otlp", "perfetto", "aiperf"]
FORMATS: Final[tuple[ForeignFormat, ...]] = get_args(ForeignFormat)

_TEXTS: Final[dict[str, Callable[[Iterable[Recording]], str]]] = {
    "har": har_text,
    "vcr": vcr_text,
    "otlp": otlp_text,
    "perfetto": perfetto_text,
    "aiperf": aiperf_text,
}


def foreign_bytes(recordings: list[Recording], form: ForeignFormat) -> bytes:
    """The file of that format that holds `recordings`.

    InputError if it cannot hold so many, StreamlabError if a library is missing.
    """
    if form == "sse":
        return _body(recordings)
    # JSON may hold half of a surrogate pair; in these formats, its escape is the same.
    return _TEXTS[form](recordings).encode("utf-8", "backslashreplace")


def _body(recordings: list[Recording]) -> bytes:
    """The decoded body."""
    if len(recordings) != 1:
        hint = "name one by its id; `streamlab ls` shows them"
        raise InputError(f"a body is that of one recording, not of {len(recordings)}", hint)
    return decoded_body(recordings[0])
