"""Replay: recordings served as the endpoint they came from."""

from streamlab.replay.asked import Asked
from streamlab.replay.embed import running, serve
from streamlab.replay.hold import Hold
from streamlab.replay.match import Catalog
from streamlab.replay.server import Answered, ReplayServer
from streamlab.replay.substitute import Outcome

__all__ = [
    "Answered",
    "Asked",
    "Catalog",
    "Hold",
    "Outcome",
    "ReplayServer",
    "running",
    "serve",
]
