"""One recording as its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from streamlab.latency.outcome import Outcome
from streamlab.recording import EndReason

__all__ = ["Sample", "host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`provider` is the host that was asked, with its port if the URL has one; `started_at` is UTC,
    in ISO 8601. `metrics` have the names of the table `metrics` (see `metric.METRICS`); what was
    not measured is not there. Among them is `failed`: 1 unless the outcome is complete."""

    id: str
    name: str
    tags: tuple[str, ...]
    model: str | None
    provider: str
    dialect: str | None
    started_at: str
    status: int | None
    end_reason: EndReason | None
    outcome: Outcome
    metrics: Mapping[str, float]


def host(url: str) -> str:
    """The host of a URL, with its port; "" if it has none or is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
