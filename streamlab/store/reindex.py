"""What is derived from many recordings made anew, on several cores.

Each process has a connection of its own. What takes time is reading streams, and that is done
before a process asks for the lock: so they wait for each other, and recorders for them, only to
write.
"""

import gc
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from streamlab.store.connect import open_library, store_errors
from streamlab.store.derivation import derive_anew

__all__ = ["collect_less", "derive_all"]

# Enough for a process to be worth being asked, and few enough for all to end at about one time.
_SHARE: Final = 50


def derive_all(path: Path, ids: Sequence[str], jobs: int) -> None:
    """Derive events, metrics and findings of recordings anew, in so many processes."""
    shares = [ids[start : start + _SHARE] for start in range(0, len(ids), _SHARE)]
    if jobs < 2 or len(shares) < 2:
        _derive_share(path, ids)
        return
    processes = min(jobs, len(shares))
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=collect_less) as pool:
        for _ in pool.map(_derive_share, repeat(path), shares):
            pass


def collect_less() -> None:
    """Streams are many objects without cycles: looking for some takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(100_000)


def _derive_share(path: Path, ids: Sequence[str]) -> None:
    with closing(open_library(path, create=False)) as connection, store_errors(path):
        derive_anew(connection, ids)
