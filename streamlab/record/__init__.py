"""Record: streams of a real API, stamped as they come in."""

from streamlab.record.active import ActiveRecording
from streamlab.record.once import Listener, Options, record_once
from streamlab.record.proxy import ProxyServer, Relayed
from streamlab.record.upstream import Upstream, parse_upstreams

__all__ = [
    "ActiveRecording",
    "Listener",
    "Options",
    "ProxyServer",
    "Relayed",
    "Upstream",
    "parse_upstreams",
    "record_once",
]
