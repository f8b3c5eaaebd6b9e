"""Recordings as tables in Parquet: a folder with `reads`, `events` and `metrics`.

Rows are written in groups as they come, so any number of recordings takes the memory of one group.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

from streamlab.analysis import MEASURED, Analysis, Stream, analyze, read_stream
from streamlab.dialect import asked_model, main_delta
from streamlab.errors import InputError, StreamlabError
from streamlab.json_text import utf8_text
from streamlab.recording import Recording

__all__ = ["write_parquet"]

_GROUP_ROWS: Final = 50_000
_GROUP_BYTES: Final = 16 * 1024 * 1024
_FLOATS: Final = frozenset({"tps_user", "tps_e2e", "tokens_per_chunk"})

# Types in Arrow's names.
_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "reads": {"recording_id": "string", "seq": "int64", "at_ns": "int64", "data": "binary"},
    "events": {
        "recording_id": "string",
        "seq": "int64",
        "at_ns": "int64",
        "first_at_ns": "int64",
        "read_seq": "int64",
        "gap_ns": "int64",  # null but for events with output after the first
        "type": "string",
        "data": "string",
        "start": "int64",
        "stop": "int64",
        "kind": "string",
        "text": "string",
    },
    "metrics": {
        "recording_id": "string",
        "name": "string",
        "started_at": "string",
        "method": "string",
        "url": "string",
        "model": "string",
        "dialect": "string",
        "status": "int64",
        "end_reason": "string",
        **{name: "float64" if name in _FLOATS else "int64" for name in MEASURED},
        "stalls": "int64",
    },
}

Row = tuple[Any, ...]


def write_parquet(recordings: Iterable[Recording], folder: Path) -> int:
    """Write the three tables into `folder`, which is made if it is not there; tables that are there
    are replaced. The number of recordings.

    InputError if the folder cannot be written to or a number is beyond 64 bits; StreamlabError if
    pyarrow is not installed.
    """
    pyarrow, parquet = _libraries()
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            tables = {
                name: stack.enter_context(_Table(pyarrow, parquet, folder, name))
                for name in _COLUMNS
            }
            for recording in recordings:
                count += 1
                for name, rows in _rows(recording).items():
                    tables[name].add(rows)
    except OSError as error:
        hint = "the folder must be one, and must be writable"
        raise InputError(f"cannot write to {folder}: {error.strerror}", hint) from error
    return count


def _libraries() -> tuple[Any, Any]:
    try:
        import pyarrow  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        hint = "pip install 'streamlab-toolkit[parquet]'"
        raise StreamlabError("Parquet is written by pyarrow, which is missing", hint) from error
    return pyarrow, parquet


class _Table:
    """A file of one table, and the rows that wait for their group to be full."""

    def __init__(self, pyarrow: Any, parquet: Any, folder: Path, name: str) -> None:  # noqa: ANN401
        self._pyarrow = pyarrow
        self._name = name
        columns = [(column, getattr(pyarrow, type_)()) for column, type_ in _COLUMNS[name].items()]
        self._schema = pyarrow.schema(columns)
        path = str(folder / f"{name}.parquet")
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._rows.append(row)
            self._bytes += sum(len(value) for value in row if isinstance(value, str | bytes))
            if len(self._rows) >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
                self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        try:
            arrays = [
                self._pyarrow.array(values, field.type)
                for values, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
            ]
        except (OverflowError, self._pyarrow.ArrowInvalid) as error:
            hint = "a time or count of a recording is too large: `streamlab show` has them"
            raise InputError(f"the table {self._name} cannot hold this: {error}", hint) from error
        self._writer.write_table(self._pyarrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
        self._bytes = 0


def _rows(recording: Recording) -> dict[str, Iterable[Row]]:
    stream = read_stream(recording)
    analysis = analyze(recording, stream=stream)
    recording_id = utf8_text(recording.id)
    reads = ((recording_id, seq, *read) for seq, read in enumerate(recording.reads))
    return {
        "reads": reads,
        "events": _event_rows(recording_id, stream, analysis),
        "metrics": [_metric_row(recording, analysis)],
    }


def _event_rows(recording_id: str, stream: Stream, analysis: Analysis) -> Iterator[Row]:
    gaps_ns = {gap.event: gap.duration_ns for gap in analysis.gap_list}
    for seq, (arrival, event, _, deltas) in enumerate(stream.events):
        main = main_delta(deltas)
        yield (
            recording_id,
            seq,
            arrival.at_ns,
            arrival.first_at_ns,
            arrival.read_index,
            gaps_ns.get(seq),
            event.type,
            event.data,
            event.start,
            event.stop,
            main.kind,
            utf8_text(main.text),
        )


def _metric_row(recording: Recording, analysis: Analysis) -> Row:
    request = recording.request
    return (
        utf8_text(recording.id),
        utf8_text(recording.name),
        utf8_text(recording.started_at),
        utf8_text(request.method),
        utf8_text(request.url),
        asked_model(request),
        analysis.dialect,
        analysis.status,
        analysis.end.reason if analysis.end else None,
        *(getattr(analysis, name) for name in MEASURED),
        len(analysis.stalls),
    )
