"""Record: streams of a real API, stamped as they come in."""

from streamlab.record.active import ActiveRecording
from streamlab.record.once import Listener, Options, record_once

__all__ = ["ActiveRecording", "Listener", "Options", "record_once"]
