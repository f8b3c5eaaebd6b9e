"""How a stream ended, told from the exception that ended it.

httpx and httpx2 are two libraries with one set of names; the rules go by these names, so that they
hold for both and neither needs to be imported. Those of requests are told apart likewise.
"""

from typing import Final

from streamlab.errors import NetworkBlockedError
from streamlab.recording import EndReason

__all__ = ["describe", "end_reason", "was_never_sent"]

# The connection was not there, or the request could not be written as HTTP.
_NEVER_SENT: Final = frozenset(
    {
        # of httpx and httpx2
        "ConnectError", "ConnectTimeout", "LocalProtocolError", "PoolTimeout", "ProxyError",
        "UnsupportedProtocol",
        # of requests and urllib3, whose errors of TLS are as good as always those of its handshake
        "ClosedPoolError", "ConnectTimeoutError", "EmptyPoolError", "InvalidSchema", "InvalidURL",
        "LocationParseError", "NewConnectionError", "SSLError",
    }
)  # fmt: skip


def was_never_sent(error: BaseException) -> bool:
    """Whether an exception that came instead of a response says that nothing was sent."""
    return isinstance(error, NetworkBlockedError) or not _NEVER_SENT.isdisjoint(_kinds(error))


def end_reason(error: BaseException) -> EndReason:
    """The end that an exception means; one that no transport raises comes from our own side.

    httpx passes h11's words on; a connection closed too early is only told apart from other
    violations of the protocol by them. http.client has an exception for each.
    """
    kinds = _kinds(error)
    if kinds & {"TimeoutException", "Timeout", "TimeoutError"}:
        return "timeout"
    if "RemoteProtocolError" in kinds:
        closed = ("peer closed connection", "Server disconnected")
        return "truncated" if str(error).startswith(closed) else "protocol_error"
    if "RemoteDisconnected" in kinds:
        return "truncated"
    if kinds & {"HTTPException", "InvalidHeader"}:
        return "protocol_error"
    return "reset" if kinds & {"TransportError", "ConnectionError", "SSLError"} else "client_closed"


def _kinds(error: BaseException) -> set[str]:
    """The names of an exception's classes, and of those it stands for: requests and urllib3 keep
    the exception that they translate among the arguments of theirs, or as its `reason`."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, BaseException):
            kinds |= _kinds(inner)
    return kinds


def describe(error: BaseException) -> str:
    """The transport's own word for the end."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")
