"""How a stream ended, told from the exception that ended it.

httpx and httpx2 are two libraries with one set of names; the rules go by these names, so that they
hold for both and neither needs to be imported.
"""

from typing import Final

from streamlab.errors import NetworkBlockedError
from streamlab.recording import EndReason

__all__ = ["describe", "end_reason", "was_never_sent"]

# The connection was not there, or the request could not be written as HTTP.
_NEVER_SENT: Final = (
    "ConnectError",
    "ConnectTimeout",
    "LocalProtocolError",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
)


def was_never_sent(error: BaseException) -> bool:
    """Whether an exception that came instead of a response says that nothing was sent."""
    return isinstance(error, NetworkBlockedError) or type(error).__name__ in _NEVER_SENT


def end_reason(error: BaseException) -> EndReason:
    """The end that an exception means; one that no transport raises comes from our own side.

    The libraries pass h11's words on; a connection closed too early is only told apart from other
    violations of the protocol by them.
    """
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutException" in kinds:
        return "timeout"
    if "RemoteProtocolError" in kinds:
        closed = ("peer closed connection", "Server disconnected")
        return "truncated" if str(error).startswith(closed) else "protocol_error"
    return "reset" if "TransportError" in kinds else "client_closed"


def describe(error: BaseException) -> str:
    """The transport's own word for the end."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")
