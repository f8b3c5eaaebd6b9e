"""A cassette served for as long as a test lasts."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from streamlab.fault import Fault
from streamlab.replay import Asked, Hold, ReplayServer

__all__ = ["Served", "environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The replay server of a test. `variables` are those that it has set in the environment, for
    SDKs to find it."""

    server: ReplayServer
    variables: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    @property
    def openai_base_url(self) -> str:
        """What OpenAI's SDK, and those of compatible APIs, take as `base_url`."""
        return self.variables["OPENAI_BASE_URL"]

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked so far, in that order; credentials redacted."""
        return tuple(self.server.requests)

    def hold(self, recording: str | None = None) -> Hold:
        """Hold back the next stream that is asked for (of the recording with that name or id)."""
        return self.server.hold(recording)

    def fault(self, fault: str | Fault) -> Fault:
        """From now on this fault, too, breaks answers. InputError if it is no fault."""
        return self.server.fault(fault)

    def heal(self) -> None:
        """No fault breaks answers any more."""
        self.server.heal()


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables have these values until the end of the block, and then those of before; others
    stay as the block leaves them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
