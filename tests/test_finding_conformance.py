"""Broken and healthy streams that were labelled by hand: what the rules say of each."""

import base64
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from streamlab.dialect import DIALECTS
from streamlab.finding import find
from streamlab.recording import End, Read, Recording, Response
from tests.conftest import chat_event, make_recording
from tests.corpus import CONFORMANCE, needs_conformance

# Where a label is wrong: the codes that it should not have, those that it should, and why.
DISAGREE: dict[str, tuple[set[str], set[str], str]] = {
    "bad-010": ({"SL401"}, set(), "what is no event stream has no end marker to miss (as bad-057)"),
    "bad-013": (set(), {"SL404"}, "none of its events has a finish reason: it was lost, too"),
}
_REASONS = {"clean": "complete", "abort": "truncated", "reset": "reset", "hang": "timeout"}


def cases() -> list[Any]:
    path = CONFORMANCE / "malformed.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [pytest.param(case, id=case["name"]) for case in map(json.loads, lines)]


def recording_of(case: dict[str, Any]) -> Recording:
    """The case as a recording; what hangs, does so for a minute."""
    http = case["http"]
    at_ns, reads = 0, []
    for piece in case["chunks"]:
        at_ns += piece["delay_ms"] * 1_000_000
        if data := base64.b64decode(piece["b64"]):
            reads.append(Read(at_ns=at_ns, data=data))
    if case["name"] == "gzip-truncated":  # the file has a placeholder
        whole = gzip.compress(b"".join(chat_event(str(number)) for number in range(50)))
        reads = [Read(at_ns=0, data=whole[:-12])]
    framing, size = http["framing"], sum(len(read.data) for read in reads)
    headers = list(http["headers"].items())
    if framing.startswith("content-length"):
        headers.append(("content-length", str(size + int(framing.partition(":")[2]))))
    else:
        headers.append(("transfer-encoding", "chunked"))
    if framing == "both":
        headers.append(("content-length", str(size)))
    reason = "protocol_error" if framing == "chunked-bad-size" else _REASONS[http["end"]]
    end_ns = at_ns + (60_000_000_000 if reason == "timeout" else 0)
    return replace(
        make_recording(),
        response=Response(status=http["status"], headers=tuple(headers), at_ns=0),
        reads=tuple(reads),
        end=End(at_ns=end_ns, reason=reason),  # type: ignore[arg-type]
    )


@needs_conformance
@pytest.mark.parametrize("case", cases())
def test_a_labelled_stream_has_its_findings(case: dict[str, Any]) -> None:
    """The ids of its label, and no other error; nothing above info where it has none."""
    if case["dialect"] not in {dialect.name for dialect in DIALECTS}:
        pytest.skip(f"no dialect {case['dialect']} is known yet")
    findings = find(recording_of(case))
    wrong, missing, _ = DISAGREE.get(case["id"], (set(), set(), ""))
    expected = (set(case["expect"]) - wrong) | missing
    assert expected <= {finding.code for finding in findings}
    assert {f.code for f in findings if f.severity == "error"} <= expected
    if not expected:
        assert [] == [finding for finding in findings if finding.severity != "info"]
