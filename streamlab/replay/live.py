"""What a replay server needs of the real API behind it, if there is one."""

from typing import Protocol

from streamlab._http1 import Exchange, HttpRequest
from streamlab.recording import Recording
from streamlab.replay.key import RequestKey

__all__ = ["Live"]


class Live(Protocol):
    """Answers requests in place of recordings, those that it sees fit: see `live_upstream`."""

    def target(self, target: str) -> str:
        """What the real API is asked for where this is asked for: recordings of it have that."""

    def answer(
        self,
        request: HttpRequest,
        exchange: Exchange,
        key: RequestKey,
        recording: Recording | None,
    ) -> bool:
        """Answer the request; False if it is left to `recording`, or to a miss where that is None.

        A request that names its recording does not come here.
        """

    async def close(self) -> None:
        """End what is under way."""
