"""Replay: recordings served as the endpoint they came from."""

from streamlab.replay.embed import serve
from streamlab.replay.server import Answered, ReplayServer

__all__ = ["Answered", "ReplayServer", "serve"]
