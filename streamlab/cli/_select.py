"""Finds the recordings that the words on the command line mean."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from streamlab.cassette import read_cassette
from streamlab.recording import Recording

__all__ = ["select", "select_all", "select_each", "select_one", "select_set"]

_CASSETTE_SUFFIX = ".jsonl"
_FIELDS: Final[tuple[Literal["tag", "name", "model"], ...]] = ("tag", "name", "model")


def select(which: Sequence[str], db: Path) -> list[Recording]:
    """The recordings meant by `which`: of cassette files, or of the library. NotFoundError,
    CassetteError or StoreError where there are none."""
    return [recording for word in which for recording in _select_word(word, db)]


def select_each(which: Sequence[str], db: Path) -> Iterator[Recording]:
    """The same, one after the other: only one is in memory."""
    for word in which:
        if word.endswith(_CASSETTE_SUFFIX):
            yield from read_cassette(Path(word))
        else:
            yield from _load_each(db, [word])


def select_all(db: Path) -> Iterator[Recording]:
    """All recordings of the library, one after the other, oldest first."""
    return _load_each(db, None)


def _load_each(db: Path, which: Sequence[str] | None) -> Iterator[Recording]:
    from streamlab.store import Library

    with Library(db) as library:
        found = library.ids() if which is None else library.resolve(which)
        for recording_id in found:
            yield library.load(recording_id)


def select_one(which: str, db: Path) -> Recording:
    """The one recording meant; of several with that name the newest."""
    return _select_word(which, db)[-1]


def select_set(word: str, db: Path) -> list[Recording]:
    """All recordings that a word means: as `select`, or those of the library with a tag (`tag:x`),
    with a name (`name:chat-*`) or of a model (`model:gpt-*`), oldest first."""
    for field in _FIELDS:
        if word.startswith(f"{field}:"):
            from streamlab.store import Library

            with Library(db) as library:
                return library.load_all(library.search(field, word.removeprefix(f"{field}:")))
    return _select_word(word, db)


def _select_word(word: str, db: Path) -> list[Recording]:
    if word.endswith(_CASSETTE_SUFFIX):
        return read_cassette(Path(word))
    from streamlab.store import Library

    with Library(db) as library:
        return library.load_all([word])
