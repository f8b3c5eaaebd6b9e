"""What `export` writes, and where."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from streamlab.errors import InputError
from streamlab.recording import Recording

__all__ = ["Format", "format_of", "write"]

Format = Literal["cassette", "sse", "har", "vcr", "otlp", "perfetto", "aiperf", "parquet"]

# The first that the name ends with.
_BY_SUFFIX: Final[dict[str, Format]] = {
    ".otlp.jsonl": "otlp",
    ".aiperf.jsonl": "aiperf",
    ".perfetto.json": "perfetto",
    ".sse": "sse",
    ".har": "har",
    ".yaml": "vcr",
    ".yml": "vcr",
    ".parquet": "parquet",
}


def format_of(form: Format | None, output: Path | None) -> Format:
    """The format that is asked for, else the one that the output's name says; a cassette if it says
    none."""
    if form is not None or output is None:
        return form or "cassette"
    name = output.name.lower()
    return next((found for end, found in _BY_SUFFIX.items() if name.endswith(end)), "cassette")


def write(recordings: Iterable[Recording], form: Format, output: Path | None) -> int:
    """Write recordings to the file, or folder, `output`, or to stdout; how many there were.

    InputError if it cannot be written, or if the format cannot hold them.
    """
    if form == "parquet":
        if output is None:
            raise InputError("Parquet is a folder of tables", "name one with -o FOLDER")
        from streamlab.interop.to_parquet import write_parquet

        return write_parquet(recordings, output)
    listed = list(recordings)
    data = _data(listed, form)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return len(listed)
    try:
        output.write_bytes(data)
    except OSError as error:
        hint = "check that the folder exists and may be written to"
        raise InputError(f"cannot write {output}: {error.strerror}", hint) from error
    return len(listed)


def _data(recordings: list[Recording], form: Format) -> bytes:
    if form == "cassette":
        from streamlab.cassette import dumps

        return dumps(recordings).encode()
    from streamlab.interop.export import foreign_bytes

    assert form != "parquet"
    return foreign_bytes(recordings, form)
