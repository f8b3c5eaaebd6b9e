"""The forms that `show` offers of a recording."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from streamlab.analysis import analyze
from streamlab.errors import InputError
from streamlab.recording import Recording
from streamlab.report import (
    ENTRY_KINDS,
    Around,
    Growth,
    HexDump,
    Layout,
    Selection,
    SideBySide,
    around_json,
    body_json,
    both_json,
    bytes_json,
    events_json,
    events_view,
    find_place,
    growth_json,
    lay_out,
    one_line,
    reads_json,
    reads_view,
    visible,
)

__all__ = ["Part", "check", "kinds", "shown_json", "shown_text", "shown_view", "words", "write_raw"]

_Json = list[dict[str, Any]] | dict[str, Any]

_VIEWS: Final[dict[str, Callable[[Layout, Selection], RenderableType]]] = {
    "events": events_view,
    "reads": reads_view,
    "both": SideBySide,
    "bytes": HexDump,
    "growth": Growth,
}
_JSON: Final[dict[str, Callable[[Layout, Selection], _Json]]] = {
    "events": events_json,
    "reads": reads_json,
    "both": both_json,
    "bytes": bytes_json,
    "growth": growth_json,
    "raw": lambda layout, _: body_json(layout),
    "text": lambda layout, _: {"text": analyze(layout.recording, stream=layout.stream).text},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of a stream the command line asks for; `start` and `stop` are places, "" for the
    stream's own."""

    start: str
    stop: str
    types: list[str]
    kinds: list[str]
    limit: int | None
    all: bool

    @property
    def is_span(self) -> bool:
        """Whether it asks for less than the time from the beginning to the end."""
        return bool(self.start or self.stop)

    def select(self, layout: Layout) -> Selection:
        """The same for one stream. InputError where that has no such place."""
        return Selection(
            start=find_place(layout, self.start).start if self.start else 0,
            stop=find_place(layout, self.stop).stop if self.stop else None,
            types=frozenset(self.types),
            kinds=frozenset(self.kinds),
            limit=self.limit,
            is_whole=self.all,
        )


def words(text: str) -> list[str]:
    """The words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def kinds(text: str) -> list[str]:
    """The kinds between commas. InputError if one is none."""
    found = words(text)
    for kind in found:
        if kind not in ENTRY_KINDS:
            raise InputError(f"--kinds: {kind!r} is no kind", f"one of {', '.join(ENTRY_KINDS)}")
    return found


def check(form: str, part: Part, around: str, *, follow: bool) -> None:
    """InputError for options that do not go together."""
    if follow and (form != "events" or around or part.is_span or part.limit):
        hint = "--events and --kinds choose among them; leave --follow out for the rest"
        raise InputError("--follow shows events, as they come", hint)
    is_part = part.is_span or part.types or part.kinds or part.limit
    if around and (form != "events" or is_part):
        hint = "--context says how much of its surroundings; --json prints it as JSON"
        raise InputError("--around shows one place in a form of its own", hint)
    if form in {"text", "raw"} and (part.is_span or part.limit):
        raise InputError(f"{form} is all of it", "--as growth and --as bytes show parts")


def write_raw(recording: Recording) -> None:
    """The bytes of the body, as they came."""
    sys.stdout.buffer.write(recording.body)
    sys.stdout.buffer.flush()


def shown_text(recording: Recording) -> str:
    """The assembled text; control characters are drawn where a terminal would obey them."""
    text = analyze(recording).text
    return visible(text) + "\n" if sys.stdout.isatty() else text


def shown_json(recording: Recording, form: str, part: Part, around: str, context: int) -> _Json:
    """The part in its form, or a place in its surroundings, as a JSON value."""
    layout = lay_out(recording)
    if around:
        return around_json(layout, find_place(layout, around), context)
    return _JSON[form](layout, part.select(layout))


def shown_view(
    recording: Recording, form: str, part: Part, around: str, context: int
) -> RenderableType:
    """A title, and the same for people."""
    layout = lay_out(recording)
    view: RenderableType
    if around:
        view = Around(layout, find_place(layout, around), context)
    else:
        view = _VIEWS[form](layout, part.select(layout))
    return Group(_title(recording), Text(), view)


def _title(recording: Recording) -> Text:
    request = recording.request
    named = f"  {one_line(recording.name, 60)}" if recording.name else ""
    return Text.assemble(
        (recording.id, "cyan"),
        (named, "bold"),
        (f"  {one_line(f'{request.method} {request.url}', 120)}", "dim"),
    )
