"""`streamlab compare`: what it takes, how it prints, and how it exits."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from streamlab.analysis import analyze
from streamlab.cassette import dumps, read_cassette
from streamlab.comparison import compare_sets, compare_streams
from streamlab.recording import Recording, Request
from streamlab.report import (
    StreamsView,
    sets_json,
    sets_markdown,
    sets_view,
    streams_json,
    streams_markdown,
)
from streamlab.store import Library
from tests.cli_runner import fails_well, run
from tests.conftest import CASSETTES, chat_event, make_recording

DATA = Path(__file__).parent / "data" / "compare"
DIRECT, GATEWAY = DATA / "direct.jsonl", DATA / "gateway.jsonl"
BEFORE, AFTER = DATA / "before.jsonl", DATA / "after.jsonl"
NAMES = ("before", "after")
(A,), (B,) = read_cassette(DIRECT), read_cassette(GATEWAY)
STREAMS = compare_streams(A, B)
SETS = compare_sets(*([*map(analyze, read_cassette(path))] for path in (BEFORE, AFTER)))


def shown(renderable: RenderableType, width: int) -> list[str]:
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(renderable)
    return [line.rstrip() for line in capture.get().split("\n")]


GOLDENS = {
    "streams-80.txt": lambda: "\n".join(shown(StreamsView(STREAMS), 80)),
    "streams-120.txt": lambda: "\n".join(shown(StreamsView(STREAMS), 120)),
    "streams.md": lambda: streams_markdown(STREAMS),
    "streams.json": lambda: json.dumps(streams_json(STREAMS), indent=1, ensure_ascii=False) + "\n",
    "sets-80.txt": lambda: "\n".join(shown(sets_view(SETS, NAMES), 80)),
    "sets.md": lambda: sets_markdown(SETS, NAMES),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_goldens(name: str, pytestconfig: pytest.Config) -> None:
    """Each form of both comparisons, to the letter."""
    golden = DATA / name
    made = GOLDENS[name]()
    if pytestconfig.getoption("--update-goldens"):
        golden.write_text(made, "utf-8")
    assert golden.read_text("utf-8") == made


def test_two_recordings_are_set_on_one_time_line() -> None:
    """Files of one recording each; nothing of that fails."""
    ran = run("compare", DIRECT, GATEWAY)
    assert 0 == ran.returncode, ran.stderr
    assert "The text parts at character" in ran.stdout
    told = json.loads(run("compare", DIRECT, GATEWAY, "--json").stdout)
    assert ["direct", "gateway"] == [told[side]["name"] for side in "ab"]
    assert told["delay"]["delays"]["p50_ns"] > 38_000_000
    assert run("compare", DIRECT, GATEWAY, "--md").stdout.startswith("| from t0 | a: direct |")


def test_sets_have_a_table_with_verdicts() -> None:
    """Exit 1 if something is worse, as --fail-on says."""
    ran = run("compare", BEFORE, AFTER)
    assert (0, "") == (ran.returncode, ran.stderr)
    assert "16 streams, 1 of them cut" in ran.stdout
    assert 1 == run("compare", BEFORE, AFTER, "--fail-on", "inconclusive").returncode
    paired = run("compare", BEFORE, AFTER, "--paired")
    assert 1 == paired.returncode
    (ttft,) = (line for line in paired.stdout.splitlines() if line.startswith("ttft"))
    assert ttft.endswith("<0.001  worse")
    assert 0 == run("compare", BEFORE, AFTER, "--paired", "--fail-on", "never").returncode
    assert 0 == run("compare", AFTER, BEFORE, "--paired").returncode
    one = run("compare", DIRECT, GATEWAY, "--sets", "--json")
    assert {"inconclusive"} == {each["verdict"] for each in json.loads(one.stdout)["metrics"]}


def test_what_counts_as_a_change_is_an_option() -> None:
    """--min-change, --min-ms, --alpha, --seed."""
    paired = ("compare", BEFORE, AFTER, "--paired")
    for options in (("--min-change", "30%"), ("--min-ms", "500"), ("--alpha", "1e-9")):
        assert 0 == run(*paired, *options).returncode, options
    assert 1 == run(*paired, "--min-change", "5").returncode
    found = [json.loads(run(*paired, "--json", "--seed", seed).stdout) for seed in "112"]
    assert found[0] == found[1] != found[2]
    for odd in ("some", "-3%", "nan", "inf%"):
        fails_well(run(*paired, "--min-change", odd), repr(odd))


def test_recordings_of_a_library_by_tag_name_and_model() -> None:
    """In the order in which they began."""
    recordings = []
    for number, recording in enumerate([*read_cassette(BEFORE), *read_cassette(AFTER)]):
        is_after = number >= 16
        body = recording.request.body.replace(b'"m"', b'"m-2"' if is_after else b'"m-1"')
        recordings.append(
            replace(
                recording,
                name=f"{'after' if is_after else 'before'}-{number}",
                tags=("new",) if is_after else ("old", "x"),
                request=replace(recording.request, body=body),
            )
        )
    odd = [
        make_recording(recording_id="0" * 12, body=b"\xff\x00"),
        make_recording(recording_id="1" * 12, body=b"[1]"),
    ]
    with Library("streamlab.db", create=True) as library:
        library.add([*recordings, *odd])
        assert [each.id for each in recordings[:16]] == library.search("tag", "old")
    tables = [
        run("compare", *words, "--json").stdout
        for words in (
            ("tag:old", "tag:new"),
            ("name:before-*", "name:after-*"),
            ("model:m-1", "model:*-2"),
        )
    ]
    metrics = [json.loads(table)["metrics"] for table in tables]
    assert metrics[0] == metrics[1] == metrics[2]
    assert 16 == metrics[0][0]["n_a"]
    fails_well(run("compare", "tag:old", "tag:nothing"), "no recording with tag 'nothing'")


def test_pairs_need_a_request_in_common() -> None:
    """None is an error; those that have no counterpart are left out."""
    fails_well(run("compare", DIRECT, BEFORE, "--paired"), "no request of A is one of B")
    some = Path("some.jsonl")
    some.write_text(dumps(read_cassette(AFTER)[:3]), "utf-8")
    told = json.loads(run("compare", BEFORE, some, "--paired", "--json").stdout)
    assert (3, 3) == (told["streams_a"], told["streams_b"])


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: str(path.stem))
def test_every_stream_can_be_compared_at_80_columns(path: Path) -> None:
    """No line is wider, no time is cut."""
    for found in (compare_streams(A, each) for each in read_cassette(path)):
        lines = shown(StreamsView(found), 80)
        assert all(cell_len(line) <= 80 for line in lines), path
        assert json.dumps(streams_json(found))
        assert streams_markdown(found)
    assert all(cell_len(line) <= 80 for line in shown(sets_view(SETS, NAMES), 80))


def test_strips_are_drawn_to_one_scale() -> None:
    """The busiest moment of both is as high as can be; nothing stands behind the end."""
    (line,) = (each for each in shown(StreamsView(STREAMS), 120) if each.startswith("≠"))
    assert "█" in line
    assert line.count("█") == 2


EVIL = "\x1b[31m|<b>@team\u202e`[x](y)\n"


@settings(max_examples=15)
@given(st.text(max_size=40))
def test_untrusted_text_is_escaped(text: str) -> None:
    """Names, headers, texts and event types: on a terminal and in Markdown."""

    def odd(said: str) -> Recording:
        recording = make_recording(
            b"event: \x1b[31m\xe2\x80\xae\n" + chat_event("same"),
            b'data: {"object":"chat.completion.chunk","choices":[{"delta":{"content":%b}}]}\n\n'
            % json.dumps(said).encode(),
            headers=(("X-\x1b", EVIL + said),),
            name=EVIL + said,
        )
        return replace(recording, request=Request(method="GET", url="http://a/"))

    found = compare_streams(odd(text), odd(text + EVIL))
    names = (EVIL, text)
    sets = compare_sets([found.a], [found.b])
    views = shown(StreamsView(found), 80) + shown(sets_view(sets, names), 80)
    for line in (
        *views,
        *streams_markdown(found).split("\n"),
        *sets_markdown(sets, names).split("\n"),
    ):
        assert not any(ord(sign) < 32 or sign == "\u202e" for sign in line), line
    for page in (streams_markdown(found), sets_markdown(sets, names)):
        assert "@team" not in page
        assert "<b>" not in page
        rows = [line for line in page.split("\n") if line.startswith("|")]
        assert {line.count("|") for line in rows} <= {4, 5, 9}
    assert json.dumps(sets_json(sets, names))
