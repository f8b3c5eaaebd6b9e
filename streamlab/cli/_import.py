"""Reads the files of `import`: cassettes and foreign formats, told apart by what they hold."""

import json
import re
from pathlib import Path
from typing import Final

from streamlab.cassette import read_cassette
from streamlab.errors import InputError
from streamlab.interop import Imported, read_foreign
from streamlab.recording import Request

__all__ = ["read_any"]

_CASSETTE_START: Final = re.compile(rb'\s*\{\s*"streamlab"\s*:')
_LINE_BYTES: Final = 1024 * 1024


def read_any(path: Path, *, request: Request | None, every: bool) -> Imported:
    """What `path` holds. StreamlabError says why it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "check the path") from error
    if _is_cassette(data):
        return Imported(taken_for="a cassette", recordings=read_cassette(path))
    return read_foreign(data, str(path), request=request, every=every)


def _is_cassette(data: bytes) -> bool:
    """Whether its first line is a header, whatever the order of its fields."""
    if _CASSETTE_START.match(data):
        return True
    line = data[:_LINE_BYTES].lstrip().partition(b"\n")[0]
    if b'"streamlab"' not in line:
        return False
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "streamlab" in header
