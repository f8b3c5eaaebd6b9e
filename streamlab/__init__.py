"""streamlab: record, replay and debug the streams of LLM APIs.

The names below are the public ones; each is imported when it is first used, so that importing
streamlab costs next to nothing.
"""

from typing import TYPE_CHECKING

from streamlab.lazy import lazily
from streamlab.version import __version__ as __version__

if TYPE_CHECKING:
    from streamlab.analysis import Analysis, analyze
    from streamlab.cassette import read_cassette, write_cassette
    from streamlab.clock import ManualClock, SystemClock
    from streamlab.errors import StreamlabError
    from streamlab.finding import Finding, find
    from streamlab.record.adapter import RecordingAdapter
    from streamlab.record.guard import block_network
    from streamlab.record.once import record_once
    from streamlab.record.transport import AsyncRecordingTransport, RecordingTransport
    from streamlab.recording import Recording, Request
    from streamlab.redaction import Redaction
    from streamlab.replay import Catalog, ReplayServer, serve
    from streamlab.replay.transport import AsyncReplayTransport, ReplayTransport
    from streamlab.store import Library
    from streamlab.timeline import arrivals

__all__ = [
    "Analysis",
    "AsyncRecordingTransport",
    "AsyncReplayTransport",
    "Catalog",
    "Finding",
    "Library",
    "ManualClock",
    "Recording",
    "RecordingAdapter",
    "RecordingTransport",
    "Redaction",
    "ReplayServer",
    "ReplayTransport",
    "Request",
    "StreamlabError",
    "SystemClock",
    "analyze",
    "arrivals",
    "block_network",
    "find",
    "read_cassette",
    "record_once",
    "serve",
    "write_cassette",
]

_HOMES = {
    "analysis": ("Analysis", "analyze"),
    "cassette": ("read_cassette", "write_cassette"),
    "clock": ("ManualClock", "SystemClock"),
    "errors": ("StreamlabError",),
    "finding": ("Finding", "find"),
    "record.adapter": ("RecordingAdapter",),
    "record.once": ("record_once",),
    "record.guard": ("block_network",),
    "record.transport": ("AsyncRecordingTransport", "RecordingTransport"),
    "recording": ("Recording", "Request"),
    "redaction": ("Redaction",),
    "replay": ("Catalog", "ReplayServer", "serve"),
    "replay.transport": ("AsyncReplayTransport", "ReplayTransport"),
    "store": ("Library",),
    "timeline": ("arrivals",),
}

__getattr__ = lazily(__name__, _HOMES)
