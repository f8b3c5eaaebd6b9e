"""The recording proxy for tests that need no more of it than its URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlab.store import Library
from tests import loop_thread

__all__ = ["proxying"]


@contextmanager
def proxying(library: Library, *upstreams: str, **options: Any) -> Iterator[str]:
    """The URL of a proxy; all is stored when the block is over."""
    with loop_thread.proxying(library, *upstreams, **options) as run:
        yield run.url
