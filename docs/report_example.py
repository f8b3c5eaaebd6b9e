"""Writes the HTML report that docs/ show: twelve streams of fixtures/, as a busy server might
have sent them. Their bytes are recorded, their times are drawn from a seed.

    python docs/report_example.py report.html

`node tests/clients/node/report_browser.mjs CHROMIUM report.html docs` takes the pictures of it.
"""

import random
import sys
from dataclasses import replace
from pathlib import Path

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.finding import find
from streamlab.recording import End, Read, Recording
from streamlab.report.page import html_report
from streamlab.report.reported import Reported

FIXTURES = Path(__file__).parents[1] / "fixtures"
NAMES = (
    "llama.cpp/concurrent-1", "llama.cpp/concurrent-2", "llama.cpp/concurrent-3",
    "llama.cpp/non-ascii", "llama.cpp/two-choices", "llama.cpp/server-killed",
    "llama.cpp/http-error", "systems/fastgpt-tools", "systems/savegate-fastapi",
    "systems/selamgpt-dropped", "broken/relay", "dialects/anthropic-messages",
)  # fmt: skip


def main() -> None:
    drawn = random.Random(7)
    recordings = [each for name in NAMES for each in read_cassette(FIXTURES / f"{name}.jsonl")]
    reported = [report_on(busy(recording, drawn)) for recording in recordings]
    page = html_report(reported, title="Chats on a busy server", generated_at="2026-11-21 12:00")
    Path(sys.argv[1]).write_text(page, "utf-8")


def busy(recording: Recording, drawn: random.Random) -> Recording:
    """The recording with other times: a wait, gaps that vary, now and then a long one."""
    assert recording.end is not None
    at_ns = head_ns = round(drawn.lognormvariate(-0.9, 0.5) * 1e9)
    reads = []
    pace_s = drawn.uniform(0.025, 0.06)
    for read in recording.reads:
        wait_s = pace_s * drawn.lognormvariate(0, 0.35)
        if drawn.random() < 0.03:
            wait_s += drawn.choice((0.15, 0.3, 0.9))
        at_ns += round(wait_s * 1e9)
        reads.append(Read(at_ns, read.data))
    response = recording.response and replace(recording.response, at_ns=head_ns)
    tail_ns = round(drawn.choice((0.002, 0.01, 0.2)) * 1e9)
    end = End(at_ns=at_ns + tail_ns, reason=recording.end.reason, detail=recording.end.detail)
    return replace(recording, response=response, reads=tuple(reads), end=end, marks=())


def report_on(recording: Recording) -> Reported:
    return Reported(recording, analyze(recording), tuple(find(recording)))


if __name__ == "__main__":
    main()
