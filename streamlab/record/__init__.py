"""Record: streams of a real API, stamped as they come in.

The transports stand in `record.transport`: importing them imports httpx and httpx2.
"""

from streamlab.record.active import ActiveRecording, Listener
from streamlab.record.once import Options, record_once
from streamlab.record.proxy import ProxyServer
from streamlab.record.repeat import record_repeatedly
from streamlab.record.upstream import Upstream, parse_upstreams

__all__ = [
    "ActiveRecording",
    "Listener",
    "Options",
    "ProxyServer",
    "Upstream",
    "parse_upstreams",
    "record_once",
    "record_repeatedly",
]
