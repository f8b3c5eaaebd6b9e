"""The harness of the benchmarks: tables, verdicts and the page. No speed is asserted anywhere."""

import platform
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Its modules, which import each other as scripts do."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    import document
    import load
    import odd_stream
    import peers
    import quiet
    import table
    import tools

    return SimpleNamespace(
        document=document, load=load, odd_stream=odd_stream, peers=peers, quiet=quiet, table=table,
        tools=tools,
    )  # fmt: skip


def _table(bench: SimpleNamespace, better: str, **goal: object) -> object:
    aimed = bench.table.Goal("the thing", **goal) if goal else None
    return bench.table.Table("A table", [bench.table.Column("thing, ms", better, aimed)])


def _fill(table: object, **rounds: list[float]) -> object:
    for name, figures in rounds.items():
        for figure in figures:
            table.add(name, "thing, ms", figure)
    return table


@pytest.mark.parametrize(
    ("ours", "theirs", "better", "word"),
    [
        ([1, 2, 3], [4, 5, 6], "less", "ahead"),
        ([1, 2, 3], [4, 5, 6], "more", "behind"),
        ([4, 5, 6], [1, 2, 3], "less", "behind"),
        ([1, 2, 5], [4, 5, 6], "less", "level"),
        ([10], [11], "less", "level"),
        ([10], [13], "less", "ahead"),
    ],
)
def test_a_verdict_needs_rounds_that_do_not_overlap(
    bench: SimpleNamespace, ours: list[float], theirs: list[float], better: str, word: str
) -> None:
    """Being ahead at the median alone is not being ahead; nor is it after a single round."""
    table = _fill(_table(bench, better), streamlab=ours, peer=theirs)
    assert word == table.verdict(table.columns[0]).word


def test_the_best_peer_is_compared_with_and_the_ground_is_not(bench: SimpleNamespace) -> None:
    """A server of bare sockets is no peer."""
    table = _table(bench, "less")
    table.row("bare", ground=True)
    _fill(table, streamlab=[2], bare=[1], slow=[9], quick=[4])
    verdict = table.verdict(table.columns[0])
    assert ("ahead", "quick", 4) == (verdict.word, verdict.peer, verdict.best)


def test_a_goal_may_name_its_peer(bench: SimpleNamespace) -> None:
    """It is met against that one, and the table still says that another is ahead."""
    table = _table(bench, "more", share=2, peer="named")
    _fill(table, streamlab=[20], named=[10], better=[40])
    text = table.markdown()
    assert "0.5 times better's: **not ahead**" in text
    assert "goal at least 2 times named's: met" in text


def test_words_are_compared_by_their_yes(bench: SimpleNamespace) -> None:
    """What no peer has is said, and so is what ours lacks."""
    table = _table(bench, "yes")
    table.say("streamlab", "thing, ms", "yes")
    table.say("peer", "thing, ms", "no: not stored")
    assert "alone" == table.verdict(table.columns[0]).word
    table.say("streamlab", "thing, ms", "no: in a later round")
    table.say("another", "thing, ms", "yes")
    assert "behind" == table.verdict(table.columns[0]).word


def test_a_peer_that_fails_costs_its_row_only(bench: SimpleNamespace) -> None:
    """One that is not installed, too; ours that fails ends the run."""
    table = _table(bench, "less")
    absent = bench.tools.Tool("absent", [Path("/nowhere/absent")])
    assert [] == bench.tools.contestants([table], [absent])
    with table.attempt("broken"):
        raise RuntimeError("it does not listen")
    assert "| absent | not installed |" in table.markdown()
    assert "| broken | failed: RuntimeError |" in table.markdown()
    with pytest.raises(RuntimeError), table.attempt("streamlab"):
        raise RuntimeError


def test_a_peer_that_cannot_be_installed_is_told(
    bench: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: object
) -> None:
    """`make bench` goes on without it."""
    monkeypatch.setattr(bench.peers, "FOLDER", tmp_path / "peers")
    monkeypatch.setattr(bench.peers, "AIMOCK", tmp_path / "peers" / "llmock")
    monkeypatch.setattr(bench.peers.shutil, "which", lambda _: None)
    bench.peers.install(("aimock",))
    assert "aimock cannot be installed: there is no npm" in capsys.readouterr().err


def test_the_load_client_counts_each_event_once(bench: SimpleNamespace) -> None:
    """However its bytes are cut."""
    data = b'data: {"at_ns=1"}\n\n' * 3 + bench.load.LAST_CHUNK
    for size in range(1, len(data)):
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        stream, buffer = bench.load.Stream(), memoryview(bytearray(len(data)))
        ends = [_receive(bench, stream, piece, buffer) for piece in pieces]
        assert (3, True, [*[False] * (len(pieces) - 1), True]) == (
            stream.events,
            stream.is_whole,
            ends,
        )


def _receive(bench: SimpleNamespace, stream: object, piece: bytes, buffer: memoryview) -> bool:
    def recv_into(into: memoryview) -> int:
        into[: len(piece)] = piece
        return len(piece)

    connection = SimpleNamespace(recv_into=recv_into)
    return bench.load._receive(connection, stream, b'"at_ns=', buffer, 0)


def test_the_odd_stream_is_as_odd_as_it_says(bench: SimpleNamespace) -> None:
    """What tools lose of it is what is missing, and nothing else."""
    odd = bench.odd_stream
    assert (11, 9, odd.TEXT) == (len(odd.READS), len(odd.frames(odd.BODY)), odd.text(odd.BODY))
    assert [] == odd.lost(odd.BODY)
    plain = odd.BODY.replace(b": ping", b"x: ping").replace(b": keep-alive\n", b"")
    assert ["comments"] == odd.lost(plain)


def test_the_page_says_what_is_missed_and_names_no_machine(bench: SimpleNamespace) -> None:
    """Where a peer is ahead stands at the top."""
    table = _fill(_table(bench, "less", share=0.2), streamlab=[9, 9], peer=[3, 3])
    table.row("bare sockets", ground=True).cells["thing, ms"] = [2, 1, 2]
    told = _fill(_table(bench, "less", share=None), streamlab=[1], peer=[3])
    section = bench.table.Section("1. Things", "How.", [table, told])
    page = bench.document.page([section], took_s=60, load="0.1")
    assert "- 1. Things, A table: thing, ms: 9, peer 3" in page
    missed = "at most 0.2 times the best peer's: **missed**"
    assert f"| the thing | 9 | 3 (peer) | 3 | 2 | {missed} |" in page
    assert "| the thing | 1 | 3 (peer) | 0.333 | - | - |" in page
    assert platform.node() not in page
    assert str(ROOT) not in page


def test_the_readme_has_the_pages_figures(bench: SimpleNamespace) -> None:
    """Its summary is the one that `make bench` wrote into the page, or there is none yet."""
    readme = (ROOT / "README.md").read_text("utf-8")
    _, _, rest = readme.partition(bench.document.BEGIN)
    summary, end, _ = rest.partition(bench.document.END)
    assert end
    page = bench.document.PAGE
    if page.exists() and summary.strip():
        assert summary.strip() in page.read_text("utf-8")
    assert "a\n" + bench.document.BEGIN + "\nnew\n" + bench.document.END + "\nb" == (
        bench.document.with_summary(f"a\n{bench.document.BEGIN}old{bench.document.END}\nb", "new")
    )


def test_scripts_for_peers_import_nothing_of_ours() -> None:
    """They run with other interpreters."""
    ours = {path.stem for path in (ROOT / "bench").glob("*.py")}
    for name in ("stream_client", "parse_stream", "load_store", "starlette_stream"):
        text = (ROOT / "bench" / f"{name}.py").read_text("utf-8")
        imported = {
            line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))
        }
        assert not imported & ours, name


@pytest.mark.parametrize(
    ("taken_s", "measured", "expected"),
    [
        ([0, 0], ["a"], "a"),
        ([0, 9, 9, 9], ["a", "b"], "b"),
        ([0, 9, 9, 14, 14, 20], ["a", "b", "c"], "b"),
    ],
    ids=["left alone", "left alone the second time", "never left alone"],
)
def test_the_least_disturbed_measurement_counts(
    bench: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    taken_s: list[float],
    measured: list[str],
    expected: str,
) -> None:
    """What the hypervisor took decides, and never what came out."""
    passing_s, taking_s = iter(range(0, 1000, 10)), iter(taken_s)
    monkeypatch.setattr(bench.quiet.time, "monotonic", lambda: next(passing_s))
    monkeypatch.setattr(bench.quiet, "_taken_s", lambda: next(taking_s))
    left = iter(measured)
    assert expected == bench.quiet.least_disturbed(lambda: next(left))
    assert [] == list(left)
