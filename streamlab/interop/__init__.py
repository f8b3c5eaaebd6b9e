"""Foreign files as recordings. One file per format; each is recognised by what it holds.

Every importer is a function of the file's bytes, and that of a manifest of the files that it names,
too. It keeps the bytes of bodies exactly, and makes up no times: where a format has none, the
recording is tagged `untimed` (see `streamlab.pace`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamlab.errors import InputError
from streamlab.interop.har import looks_like_har, read_har
from streamlab.interop.manifest import looks_like_manifest, read_manifest
from streamlab.interop.raw_body import has_head, read_raw_body, read_with_head, recognise_body
from streamlab.interop.vcr import looks_like_vcr, read_vcr
from streamlab.recording import Recording, Request

__all__ = ["Imported", "read_foreign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The recordings of a file, and what the file was taken for, in words."""

    taken_for: str
    recordings: list[Recording]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    """A format that holds requests, too."""

    label: str
    looks_like: Callable[[bytes], bool]
    read: Callable[..., list[Recording]]


_ARCHIVES: Final = (
    _Archive(label="a HAR", looks_like=looks_like_har, read=read_har),
    _Archive(label="a cassette of VCR.py", looks_like=looks_like_vcr, read=read_vcr),
)


def read_foreign(
    data: bytes, file: str, *, request: Request | None = None, every: bool = False
) -> Imported:
    """The recordings in a file of any format known here.

    `request` is what a body without one answered; `every` takes the responses that are no streams
    along. InputError says what is wrong with the file, or that it is nothing known here.
    """
    for archive in _ARCHIVES:
        if archive.looks_like(data):
            return Imported(
                taken_for=archive.label, recordings=archive.read(data, file, every=every)
            )
    if looks_like_manifest(data):
        recordings = read_manifest(data, file, request=request)
        return Imported(taken_for="a manifest of bodies", recordings=recordings)
    if has_head(data):
        recordings = read_with_head(data, file, request)
        return Imported(taken_for="a response with its head", recordings=recordings)
    kind = recognise_body(data, file) if data else None
    if kind is None:
        problem = "is nothing that can be imported" if data else "is empty"
        hint = "docs/import.md lists the formats; a body needs `data:` lines, JSON or AWS messages"
        raise InputError(f"{file} {problem}", hint)
    recordings = read_raw_body(data, file, kind, request)
    return Imported(taken_for=f"a body: {kind.label}", recordings=recordings)
