"""Record: streams of a real API, stamped as they come in.

The transports stand in `record.transport`: importing them imports httpx and httpx2.
"""

from streamlab.record.active import ActiveRecording, Listener
from streamlab.record.once import Options, record_once

__all__ = ["ActiveRecording", "Listener", "Options", "record_once"]
