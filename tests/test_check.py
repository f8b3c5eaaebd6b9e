"""`streamlab check`: what it takes, how it prints, and how it exits."""

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from streamlab.cassette import dumps
from streamlab.cli.check import check
from streamlab.finding import RULES, Finding, Limits, find
from streamlab.report import Checked, FindingsView, github_commands, sarif_log
from tests.cli_runner import fails_well, run
from tests.conftest import DONE, FINISH, FIXTURES, chat_event, make_recording

MALFORMED = FIXTURES / "systems/assisters-malformed.jsonl"
CHAT = FIXTURES / "systems/savegate-chat.jsonl"  # it states no usage


def codes(*arguments: str | Path) -> set[str]:
    (checked,) = json.loads(run("check", *arguments, "--format", "json").stdout)
    return {finding["code"] for finding in checked["findings"]}


def test_findings_are_told_with_place_cause_and_hint() -> None:
    """Exit 1 for an error."""
    ran = run("check", MALFORMED)
    assert 1 == ran.returncode
    assert "ERROR SL301 json-invalid  event 23, bytes 4420-4530, at 1.30 s" in ran.stdout
    assert "Expecting ',' delimiter at character 93" in ran.stdout
    for word in ("cause: ", "try:   ", "2 errors"):
        assert word in ran.stdout
    marked = ran.stdout.splitlines()
    (caret,) = (number for number, line in enumerate(marked) if line.strip() == "^")
    assert marked[caret - 1][marked[caret].index("^") :].startswith(':"stop"]}')


def test_what_is_asked_for_decides_the_exit_code() -> None:
    """--fail-on, --severity, --select and --ignore."""
    assert 0 == run("check", CHAT).returncode
    assert 1 == run("check", CHAT, "--fail-on", "info").returncode
    assert 0 == run("check", MALFORMED, "--ignore", "SL301,missing-finish-reason").returncode
    assert 0 == run("check", MALFORMED, "--select", "SL1").returncode
    assert 1 == run("check", MALFORMED, "--select", "SL1", "--select", "SL3").returncode
    assert 1 == run("check", CHAT, "--severity", "SL420=error").returncode
    quiet = ("--severity", "json-invalid=info", "--severity", "SL404 = warning")
    assert 0 == run("check", MALFORMED, *quiet).returncode
    assert 1 == run("check", MALFORMED, *quiet, "--fail-on", "warning").returncode


def test_limits_are_options() -> None:
    """A stall above --stall-ms."""
    assert "SL503" not in codes(CHAT)
    assert "SL503" in codes(CHAT, "--stall-ms", "10")


def test_limits_default_to_those_of_the_library() -> None:
    """The options have numbers of their own, so that --help need not import the rules."""
    options = inspect.signature(check).parameters
    for limit in dataclasses.fields(Limits):
        name = limit.name.replace("_ns", "_ms")
        unit = 1_000_000 if name.endswith("_ms") else 1
        assert limit.default == options[name].default * unit, name


def test_a_saved_body_is_checked_as_it_is() -> None:
    """Without times; a cassette of any name, too; and a recording by its name."""
    Path("body.sse").write_bytes(chat_event("a") + b"data: {oops\n\n" + FINISH + DONE)
    assert {"SL301"} == codes("body.sse") - {"SL420", "SL423"}
    assert "at " not in run("check", "body.sse").stdout.splitlines()[0]
    Path("a.cassette").write_text(dumps([make_recording(chat_event("a"))]), "utf-8")
    assert {"SL401", "SL404"} <= codes("a.cassette")
    run("import", MALFORMED)
    assert "SL301" in codes("assisters-malformed")
    assert "SL301" in codes("latest")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--select", "SL999"], ["no rule 'SL999'", "docs/findings.md"]),
        (["--ignore", "nothing"], ["no rule 'nothing'"]),
        (["--severity", "SL301"], ["gives no severity", "RULE=SEVERITY"]),
        (["--severity", "SL301=bad"], ["gives no severity"]),
        (["--severity", "=error"], ["names no rule"]),
        (["--severity", "SL301,SL302=error"], ["names no rule"]),
    ],
)
def test_what_cannot_be_used_is_said(arguments: list[str], words: list[str]) -> None:
    """With what there is."""
    fails_well(run("check", CHAT, *arguments), *words)


EVIL = "\x1b[2J\u202e%:,\r\n::error::x"


def checked(*findings: Finding, file: str = "") -> Checked:
    return Checked(
        recording_id="0" * 12, name="n", url="http://a/ \x1b", file=file, is_timed=True,
        findings=findings,
    )  # fmt: skip


def evil_finding(**fields: Any) -> Finding:
    (finding,) = (each for each in find(make_recording(chat_event("a"))) if each.code == "SL404")
    return finding._replace(message=EVIL, text=EVIL, mark=3, **fields)


def test_github_commands_are_escaped() -> None:
    """A finding is one line, whatever it quotes."""
    (line,) = github_commands([checked(evil_finding(severity="info"), file="a,b:c%.sse")])
    assert line.startswith("::notice file=a%2Cb%3Ac%25.sse,title=SL404 missing-finish-reason::")
    assert "\x1b" not in line
    assert "\n" not in line
    assert 2 == line.partition("title=")[0].count(":")
    assert "%25:," in line
    for severity, command in (("error", "error"), ("warning", "warning")):
        (line,) = github_commands([checked(evil_finding(severity=severity))])
        assert line.startswith(f"::{command} title=")


def test_sarif_has_what_its_schema_requires() -> None:
    """SARIF 2.1.0, 3.13 and on: versions, a driver with rules, results that point at them."""
    log = json.loads(run("check", MALFORMED, CHAT, "--format", "sarif").stdout)
    assert "2.1.0" == log["version"]
    assert {"$schema", "version", "runs"} == log.keys()
    (ran,) = log["runs"]
    driver = ran["tool"]["driver"]
    assert "streamlab" == driver["name"]
    assert [rule.code for rule in RULES] == [rule["id"] for rule in driver["rules"]]
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
    assert 2 == len(ran["artifacts"])
    for result in ran["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("error", "warning", "note")
        assert result["ruleId"] == driver["rules"][result["ruleIndex"]]["id"]
        (location,) = result["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert ran["artifacts"][artifact["index"]]["location"]["uri"] == artifact["uri"]
        region = location["physicalLocation"]["region"]
        assert region["byteOffset"] >= 0
        assert region["byteLength"] >= 0
    (invalid,) = (each for each in ran["results"] if each["ruleId"] == "SL301")
    region = invalid["locations"][0]["physicalLocation"]["region"]
    assert (4420, 110) == (region["byteOffset"], region["byteLength"])


def test_sarif_points_at_a_url_where_there_is_no_file() -> None:
    """As a URI (RFC 3986)."""
    log = sarif_log([checked(evil_finding())])
    uri = log["runs"][0]["artifacts"][0]["location"]["uri"]
    assert "http://a/%20%1B" == uri
    assert re.fullmatch(r"[\w%:/?#\[\]@!$&'()*+,;=.~-]+", uri)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_block_fits_the_terminal(columns: int) -> None:
    """The caret stands below its character, and nothing is sent that a terminal obeys."""
    text = "é" * 70 + "x" * 30 + "!" + "天" * 200
    finding = evil_finding()._replace(text=text, mark=100, message="m")
    console = Console(width=columns, color_system=None)
    with console.capture() as capture:
        console.print(FindingsView([finding, evil_finding()]))
    lines = capture.get().splitlines()
    assert all(cell_len(line.rstrip()) <= columns for line in lines)
    assert "\x1b" not in capture.get()
    caret = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert "!" == lines[caret - 1][lines[caret].index("^")]


def test_colour_is_for_terminals() -> None:
    """None in a pipe, some where it is asked for."""
    assert "\x1b" not in run("check", MALFORMED).stdout
    console = Console(width=80, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(FindingsView([evil_finding()._replace(text="", message="m")]))
    assert "\x1b[1;31mERROR SL404" in capture.get()


def test_what_clients_would_see_is_told_instead() -> None:
    """A verdict for each, with the reason; 0 if all see the whole."""
    broken = str(FIXTURES / "broken/relay.jsonl")
    ran = run("check", broken, "--client", "httpx-sse,line-reader")
    assert 1 == ran.returncode, ran.stderr
    assert "dies" in ran.stdout
    assert "it keeps the byte order mark" in ran.stdout
    (made,) = json.loads(run("check", broken, "--client", "curl", "--format", "json").stdout)
    assert ("curl", "exit code 18") == (made["client"], made["error"])
    healthy = str(FIXTURES / "llama.cpp/short.jsonl")
    assert 0 == run("check", healthy, "--client", "httpx-sse").returncode
    fails_well(run("check", healthy, "--client", "nobody"), "nobody", "httpx-sse")
    fails_well(run("check", healthy, "--client", "curl", "--format", "sarif"), "sarif", "json")
