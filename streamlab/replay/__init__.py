"""Replay: recordings served as the endpoint they came from."""

from streamlab.replay.asked import Asked
from streamlab.replay.embed import serve
from streamlab.replay.hold import Hold
from streamlab.replay.server import Answered, ReplayServer

__all__ = ["Answered", "Asked", "Hold", "ReplayServer", "serve"]
