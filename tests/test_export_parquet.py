"""Parquet: three tables that pyarrow and DuckDB read, written a group of rows at a time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet

from streamlab.cassette import dumps
from streamlab.errors import InputError
from streamlab.interop import to_parquet
from streamlab.interop.to_parquet import write_parquet
from streamlab.recording import UNTIMED, Read, Recording
from tests.cli_runner import fails_well, run
from tests.conftest import CASSETTES, DONE, FINISH, chat_event, make_recording

CHAT = make_recording(chat_event("Hel"), chat_event("lo"), FINISH, DONE, name="chat")


def many(count: int) -> Iterator[Recording]:
    return (replace(CHAT, id=f"{number:012x}") for number in range(count))


def test_pyarrow_reads_what_was_recorded(tmp_path: Path) -> None:
    """Reads to the byte, events with their gaps, metrics with the model; untimed without times."""
    odd = make_recording(b"\xff\x00", recording_id="f" * 12, headers=())
    untimed = replace(CHAT, id="e" * 12, tags=(UNTIMED,))
    assert 3 == write_parquet([CHAT, odd, untimed], tmp_path / "out")
    reads, events, metrics = (
        parquet.read_table(tmp_path / f"out/{name}.parquet").to_pylist()
        for name in ("reads", "events", "metrics")
    )
    assert [*CHAT.reads, *odd.reads, *CHAT.reads] == [
        Read(row["at_ns"], row["data"]) for row in reads
    ]
    assert [0, 1, 2, 3, 0, 0, 1, 2, 3] == [row["seq"] for row in reads]
    chat = [row for row in events if row["recording_id"] == CHAT.id]
    assert ["Hel", "lo", "", ""] == [row["text"] for row in chat]
    assert [None, 10_000_000, None, None] == [row["gap_ns"] for row in chat]
    assert ["text", "text", "finish", "end"] == [row["kind"] for row in chat]
    first, _, third = metrics
    assert ("m", "openai.chat", 200, "complete", "chat") == tuple(
        first[name] for name in ("model", "dialect", "status", "end_reason", "name")
    )
    assert (10_000_000, 2, 0) == (first["ttft_ns"], first["output_tokens"], first["stalls"])
    assert (None, 2) == (third["ttft_ns"], third["output_tokens"])


def test_duckdb_asks_many_exports_at_once(tmp_path: Path) -> None:
    """Percentiles of gaps by model, over the files of several folders."""
    for number in range(3):
        slow = [
            replace(
                recording,
                id=f"{number}-{recording.id}",
                reads=tuple(Read(read.at_ns * (number + 1), read.data) for read in recording.reads),
            )
            for recording in many(4)
        ]
        write_parquet(slow, tmp_path / f"run{number}")
    asked = f"""
        select m.model, count(e.gap_ns), quantile_cont(e.gap_ns, 0.5)
        from '{tmp_path}/*/events.parquet' e join '{tmp_path}/*/metrics.parquet' m
        using (recording_id) group by m.model"""
    assert [("m", 12, 20_000_000)] == duckdb.sql(asked).fetchall()


def test_rows_are_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no more than one is in memory, however many recordings there are, by rows and by
    bytes: each is written before the recordings after it are asked for."""
    monkeypatch.setattr(to_parquet, "_GROUP_ROWS", 10)
    path = tmp_path / "reads.parquet"
    sizes: list[int] = []

    def watched() -> Iterator[Recording]:
        for recording in many(100):
            yield recording
            sizes.append(path.stat().st_size)

    write_parquet(watched(), tmp_path)
    assert len(set(sizes)) > 30
    written = parquet.ParquetFile(path)
    assert (400, 40) == (written.metadata.num_rows, written.num_row_groups)
    monkeypatch.setattr(to_parquet, "_GROUP_BYTES", 1)
    write_parquet(many(2), tmp_path)
    assert 8 == parquet.ParquetFile(path).num_row_groups


def test_any_fixture_fits(tmp_path: Path) -> None:
    """Any dialect and framing, and an export that replaces another."""
    for _ in range(2):
        ran = run("export", *CASSETTES[:12], "-o", tmp_path / "all.parquet")
        assert 0 == ran.returncode, ran.stderr
    written = parquet.read_table(tmp_path / "all.parquet/metrics.parquet")
    assert f"wrote {written.num_rows} to" in ran.stderr


def test_half_a_surrogate_pair_fits(tmp_path: Path) -> None:
    """JSON may hold one, Parquet's strings cannot."""
    odd = replace(make_recording(chat_event("\\ud83d")), id="\ud83d", name="\ud83d")
    write_parquet([odd], tmp_path)
    (event,) = parquet.read_table(tmp_path / "events.parquet").to_pylist()
    assert ("?", "?") == (event["recording_id"], event["text"])


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A number beyond 64 bits, a file where the folder should be."""
    late = replace(CHAT, reads=(Read(2**70, b"data: x\n\n"),))
    with pytest.raises(InputError, match="cannot hold"):
        write_parquet([late], tmp_path)
    Path("in.jsonl").write_text(dumps([CHAT]), "utf-8")
    fails_well(run("export", "in.jsonl", "-o", "in.jsonl", "--format", "parquet"), "in.jsonl")
