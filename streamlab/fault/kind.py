"""The faults there are, each a function that makes of a schedule a broken one."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc, signature
from typing import Final

from streamlab.fault import content, cutting, ending, http, lines, timing
from streamlab.fault.option import Number, Option, options_of
from streamlab.schedule import Schedule

__all__ = ["COMMON_OPTIONS", "KINDS", "Kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One fault: its options beside the common ones, an example of a spec, and which two of its
    options say the same thing, so that only one can be given."""

    name: str
    does: Callable[..., Schedule]
    options: tuple[Option, ...]
    example: str
    rivals: tuple[str, ...] = ()

    @property
    def is_random(self) -> bool:
        """Whether it takes a `chance`."""
        return "chance" in signature(self.does).parameters

    @property
    def text(self) -> str:
        """What it does, in a sentence or two."""
        return " ".join(cleandoc(self.does.__doc__ or "").split())


def _kind(does: Callable[..., Schedule], options: str = "", *rivals: str) -> Kind:
    name = does.__name__.rstrip("_")
    example = f"{name}:{options}" if options else name
    return Kind(name=name, does=does, options=options_of(does), example=example, rivals=rivals)


KINDS: Final = {
    kind.name: kind
    for kind in (
        _kind(timing.latency, "ms=800"),
        _kind(timing.jitter, "ms=30,seed=7"),
        _kind(timing.bandwidth, "bytes_per_s=2000"),
        _kind(timing.stall, "after=3,ms=5000"),
        _kind(cutting.slice_, "at=utf8,gap_ms=2", "bytes", "at"),
        _kind(cutting.merge, "events=5", "events", "bytes"),
        _kind(ending.hang, "after=3"),
        _kind(ending.truncate, "after=3"),
        _kind(ending.reset, "after=3,times=1"),
        _kind(ending.slow_close, "ms=2000"),
        _kind(ending.no_final_chunk),
        _kind(ending.bad_chunk_size, "after=3"),
        _kind(content.malformed_json, "after=3,kind=quote"),
        _kind(content.drop, "after=3"),
        _kind(content.duplicate, "after=3"),
        _kind(content.reorder, "after=3"),
        _kind(content.no_done),
        _kind(content.data_after_done),
        _kind(content.error_event, "after=3"),
        _kind(lines.keepalive, "every_ms=500", "every_ms", "every_events"),
        _kind(lines.ping, "every_events=5", "every_ms", "every_events"),
        _kind(lines.bom),
        _kind(lines.crlf),
        _kind(lines.cr),
        _kind(http.content_type, "value=text/plain"),
        _kind(http.html, "times=2"),
        _kind(http.http_error, "status=429,retry_after=1,times=1"),
        _kind(http.gzip_truncated),
    )
}
"""All faults by name, in the order of docs/faults.md."""

COMMON_OPTIONS: Final = (
    Option(argument="times", default=None, is_whole=True, number=Number("answers", 1, 1_000_000)),
    Option(argument="probability", default=1, number=Number("", 0, 1)),
    Option(argument="seed", default=0, is_whole=True, number=Number("", 0, 2**63)),
    Option(argument="on", default=""),
)
"""What every fault takes: how many answers it breaks, how likely it breaks one, what its chances
are drawn from, and the name or id of the recording it is for."""
