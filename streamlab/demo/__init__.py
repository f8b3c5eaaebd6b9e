"""The whole job without a key: an embedded upstream, a recording of it, a replay of that.

The upstream is a replay, at real speed, of a stream that a real llama.cpp server sent
(`sky.jsonl`). Everything goes over real sockets on loopback and into a real library.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from streamlab.cassette import loads
from streamlab.record.active import Listener
from streamlab.record.once import Options, record_once
from streamlab.recording import Recording, Request
from streamlab.replay import serve
from streamlab.store import Library, Summary

__all__ = ["REPLAY_SPEED", "Demo", "upstream_recording"]

REPLAY_SPEED: Final = 10.0


def upstream_recording() -> Recording:
    """The stream that the embedded upstream sends."""
    text = (files("streamlab.demo") / "sky.jsonl").read_text("utf-8")
    return loads(text, name="sky.jsonl")[0]


@dataclass(slots=True)
class Demo:
    """The steps of the demo, to be called in this order; `db` is where they record to."""

    db: Path

    def record_upstream(self, listener: Listener) -> Recording:
        """Serve the embedded upstream at real speed and record one request to it."""
        upstream = upstream_recording()
        return self._record_served(upstream, upstream, 1.0, "live", listener)

    def summaries(self) -> list[Summary]:
        """What is in the library now."""
        with Library(self.db) as library:
            return library.summaries()

    def record_replay(self, recording: Recording, listener: Listener) -> Recording:
        """Replay the recording ten times as fast to a client, and record what the client gets."""
        asked = upstream_recording()
        return self._record_served(recording, asked, REPLAY_SPEED, "replayed at 10x", listener)

    def _record_served(
        self,
        served: Recording,
        asked: Recording,
        speed: float,
        name: str,
        listener: Listener,
    ) -> Recording:
        request = asked.request
        with (
            serve([served], speed=speed) as server,
            Library(self.db, create=True) as library,
            library.open_writer() as writer,
        ):
            outgoing = Request(
                method=request.method,
                url=f"{server.url}/v1/chat/completions",
                headers=(("Content-Type", "application/json"),),
                body=request.body,
            )
            options = Options(name=name)
            return record_once(outgoing, writer, options=options, listener=listener)
