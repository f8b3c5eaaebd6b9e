"""A recording on the page: its numbers, its findings, its event types and what it said."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from streamlab.analysis import Answer
from streamlab.finding import Finding, rank
from streamlab.report.chart.markup import Markup, element, text
from streamlab.report.finding_view import place_text
from streamlab.report.latency_text import outcome_text
from streamlab.report.reported import Reported
from streamlab.report.show_text import format_bytes, format_ns, format_rate, one_line

__all__ = ["Room", "detail", "room_for"]

_CHARS: Final = 160_000
_FINDINGS: Final = 400
_MOST_CHARS: Final = 20_000
_MOST_FINDINGS: Final = 50
_EXCERPT: Final = 300
_EVENT_TYPES: Final = 40


class Room(NamedTuple):
    """How much of each recording is shown: characters of its answers, and findings."""

    chars: int
    findings: int


def room_for(count: int) -> Room:
    """The room that `count` recordings have each, so that a page of many can still be mailed."""
    count = max(1, count)
    return Room(
        chars=min(_MOST_CHARS, max(100, _CHARS // count)),
        findings=min(_MOST_FINDINGS, max(3, _FINDINGS // count)),
    )


def detail(each: Reported, number: int, room: Room) -> Markup:
    """What opens under its name. `number` is its place in the report."""
    parts = [_request(each), _numbers(each)]
    if each.findings:
        parts += _findings(each, room.findings)
    if each.analysis.event_types:
        parts += [_title("Event types"), _event_types(each)]
    parts += _answers(each.analysis.answers, room.chars)
    attributes: dict[str, str | float] = {"class": "recording", "id": f"recording-{number}"}
    return element("details", attributes, _summary(each), element("div", {}, *parts))


def _summary(each: Reported) -> Markup:
    parts = [
        element("b", {}, text(one_line(each.label, 120))),
        _badge(outcome_text(each.outcome), "good" if each.outcome == "complete" else "error"),
    ]
    if each.analysis.status is not None and each.analysis.status >= 400:
        parts.append(_badge(f"HTTP {each.analysis.status}", "error"))
    if each.is_timed:
        first, total = format_ns(each.analysis.ttft_ns), format_ns(each.analysis.total_ns)
        parts.append(_badge(f"TTFT {first}, total {total}", "soft"))
    else:
        parts.append(_badge("without times", "soft"))
    for severity in ("error", "warning"):
        count = sum(finding.severity == severity for finding in each.findings)
        if count:
            parts.append(_badge(f"{count:,} {severity}{'' if count == 1 else 's'}", severity))
    return element("summary", {}, *parts)


def _badge(said: str, classes: str) -> Markup:
    return element("span", {"class": classes}, text(said))


def _request(each: Reported) -> Markup:
    request = each.recording.request
    said = f"{request.method} {request.url}"
    started = f", started {each.recording.started_at}" if each.recording.started_at else ""
    return element("p", {"class": "soft"}, text(one_line(said + started, 600)))


def _numbers(each: Reported) -> Markup:
    analysis = each.analysis
    tokens = "-" if analysis.output_tokens is None else f"{analysis.output_tokens:,}"
    is_counted = analysis.token_source == "deltas"  # noqa: S105
    finish = ", ".join(dict.fromkeys(analysis.finish_reasons))
    numbers = {
        "dialect": analysis.dialect or "unknown",
        "finish": one_line(finish, 60) or "-",
        "TTFT": format_ns(analysis.ttft_ns),
        "TTFAT": format_ns(analysis.ttfat_ns),
        "TPOT": format_ns(analysis.tpot_ns),
        "rate": format_rate(analysis.tps_user),
        "tail": format_ns(analysis.tail_ns),
        "tokens": f"{tokens} (counted)" if is_counted else tokens,
        "events": f"{analysis.events:,}",
        "size": format_bytes(analysis.bytes),
    }
    return _table(list(numbers), [list(numbers.values())])


def _findings(each: Reported, limit: int) -> list[Markup]:
    """The worst first, cause and advice once for each rule."""
    ordered = sorted(each.findings, key=lambda finding: rank(finding.severity))
    parts, told = [_title("Findings")], set[str]()
    for finding in ordered[:limit]:
        parts += _finding(finding, is_timed=each.is_timed, is_first=finding.code not in told)
        told.add(finding.code)
    if len(ordered) > limit:
        parts.append(_soft(f"… and {len(ordered) - limit:,} more: `streamlab check` shows all."))
    return parts


def _finding(finding: Finding, *, is_timed: bool, is_first: bool) -> list[Markup]:
    title = f"{finding.severity.upper()} {finding.code} {finding.slug}"
    place = f" {place_text(finding, is_timed=is_timed)}: "
    parts = [
        element(
            "p",
            {},
            element("b", {"class": finding.severity}, text(title)),
            element("span", {"class": "soft"}, text(place)),
            text(one_line(finding.message, _EXCERPT)),
        )
    ]
    if finding.text:
        parts.append(element("pre", {}, *_marked(finding)))
    if is_first:
        parts.append(_soft(f"Likely cause: {finding.cause}. Try: {finding.hint}."))
    return parts


def _marked(finding: Finding) -> list[Markup]:
    """The bytes that the finding is about, as text, with its mark."""
    said, mark = finding.text, finding.mark
    if mark is None or mark >= len(said):
        return [text(one_line(said, _EXCERPT))]
    before = said[max(0, mark - _EXCERPT // 2) : mark]
    lead = "…" if mark > _EXCERPT // 2 else ""
    return [
        text(lead + one_line(before, _EXCERPT)),
        element("mark", {}, text(one_line(said[mark], 8))),
        text(one_line(said[mark + 1 :], _EXCERPT // 2)),
    ]


def _event_types(each: Reported) -> Markup:
    counts, is_timed = each.analysis.event_types, each.is_timed
    names = ["type", "count", "bytes", "first", "last", "gap p50", "gap max"]
    rows = [
        [
            one_line(counted.type, 80),
            f"{counted.count:,}",
            f"{counted.bytes:,}",
            format_ns(counted.first_at_ns if is_timed else None),
            format_ns(counted.last_at_ns if is_timed else None),
            format_ns(counted.gap_p50_ns),
            format_ns(counted.gap_max_ns),
        ]
        for counted in counts[:_EVENT_TYPES]
    ]
    if len(counts) > _EVENT_TYPES:
        rows.append([f"… and {len(counts) - _EVENT_TYPES:,} more", *[""] * 6])
    return _table(names, rows)


def _answers(answers: Sequence[Answer], limit: int) -> list[Markup]:
    """What was said, each part under its title, until the room is used up."""
    parts = []
    for title, said in _said(answers):
        if limit <= 0:
            parts.append(_soft("There is more: `streamlab show --text` has all."))
            break
        shown = said[:limit]
        limit -= len(shown)
        parts += [_title(title), element("pre", {}, text(shown))]
        if len(shown) < len(said):
            parts.append(_soft(f"… and {len(said) - len(shown):,} more characters."))
    return parts


def _said(answers: Sequence[Answer]) -> list[tuple[str, str]]:
    said = []
    for answer in answers:
        of = f" of choice {answer.choice}" if len(answers) > 1 else ""
        said += [
            (f"Answer{of}", answer.text),
            (f"Refusal{of}", answer.refusal),
            (f"Reasoning{of}", answer.reasoning),
        ]
        for call in answer.tool_calls:
            said.append((f"Tool call{of}: {one_line(call.name, 80) or '?'}", call.arguments_text))
    return [(title, words) for title, words in said if words]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = element("tr", {}, *(element("th", {}, text(name)) for name in names))
    body = (element("tr", {}, *(element("td", {}, text(cell)) for cell in row)) for row in rows)
    table = element("table", {}, element("thead", {}, head), element("tbody", {}, *body))
    return element("div", {"class": "scroll"}, table)


def _title(said: str) -> Markup:
    return element("h3", {}, text(said))


def _soft(said: str) -> Markup:
    return element("p", {"class": "soft"}, text(said))
