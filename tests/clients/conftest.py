"""The running clients, for all tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.clients.cast import VENV, Cast


@pytest.fixture(scope="session")
def cast() -> Iterator[Cast]:
    """The clients of examples/clients."""
    if not (VENV / ".installed").exists():
        pytest.skip("run `make test-clients`: it installs the clients")
    with ExitStack() as stack:
        yield Cast(stack)
