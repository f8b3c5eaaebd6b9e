"""The library of recordings: one SQLite file (docs/library.md describes its tables)."""

from streamlab.store.diagnosis import Diagnosis
from streamlab.store.library import LATEST, Library, Summary
from streamlab.store.samples import sample_of
from streamlab.store.writer import RecordingWriter, Writer

__all__ = ["LATEST", "Diagnosis", "Library", "RecordingWriter", "Summary", "Writer", "sample_of"]
