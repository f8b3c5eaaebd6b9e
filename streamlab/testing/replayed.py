"""A cassette for any test, whatever runs it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from streamlab.record.guard import block_network
from streamlab.testing.cassette import UsedCassette
from streamlab.testing.options import Options
from streamlab.testing.served import Served

__all__ = ["replaying"]


@contextmanager
def replaying(cassette: Path | str, **options: Any) -> Iterator[Served]:  # noqa: ANN401 - as `Options` has them
    """The cassette served until the end of the block, with the environment in which SDKs find it.

    `options` are those of `Options`. Where nothing is recorded, the network is blocked but for
    loopback. CassetteError if the cassette cannot be read, InputError for a bad option.
    """
    used = UsedCassette(cassette, Options(**options))
    has_passed = False
    try:
        with nullcontext() if used.is_recording else block_network(), used.serve() as served:
            yield served
        has_passed = True
    finally:
        used.close(has_passed=has_passed)
