"""What the HTTP libraries below the clients say of a transport that breaks: the first table of
docs/clients.md, which is measured, as data."""

from dataclasses import dataclass
from typing import Final

from streamlab.client_model.body import Break

__all__ = [
    "AIOHTTP",
    "CURL",
    "HTTPX",
    "NODE",
    "OPENAI_NODE",
    "OPENAI_PYTHON",
    "REQUESTS",
    "URLLIB",
    "Transport",
]

_BREAK_TEXTS: Final[dict[Break, str]] = {
    "cut": "the connection closed before the body's end",
    "reset": "the connection was reset",
    "not-http": "bytes that are no HTTP came where a chunk's size was due",
    "silence": "nothing more came within its timeout",
    "bad-coding": "the body is not what its Content-Encoding says",
}


@dataclass(frozen=True, slots=True)
class Transport:
    """The name of the error for each break, None where the break is taken for a good end."""

    errors: dict[Break, str | None]

    def error(self, broken: Break | None) -> str | None:
        """What ends the body, if it is an error to the client."""
        return None if broken is None else self.errors[broken]

    def why(self, broken: Break) -> str:
        """What happened, and that the client did not notice where it did not."""
        text = _BREAK_TEXTS[broken]
        return text if self.errors[broken] else f"{text}, and it takes that for a good end"


def _transport(
    cut: str | None, reset: str | None, not_http: str | None, silence: str, coding: str | None
) -> Transport:
    return Transport(
        {
            "cut": cut,
            "reset": reset,
            "not-http": not_http,
            "silence": silence,
            "bad-coding": coding,
        }
    )


HTTPX: Final = _transport(
    "RemoteProtocolError", "ReadError", "RemoteProtocolError", "ReadTimeout", "DecodingError"
)
REQUESTS: Final = _transport(
    "ChunkedEncodingError",
    "ChunkedEncodingError",
    "ChunkedEncodingError",
    "ConnectionError",
    "ContentDecodingError",
)
# After a bad chunk size it waits for ever: its program's own timeout ends that.
AIOHTTP: Final = _transport(
    "ClientPayloadError",
    "ClientPayloadError",
    "TimeoutError",
    "TimeoutError",
    "ClientPayloadError",
)
URLLIB: Final = _transport(None, "ConnectionResetError", None, "TimeoutError", None)
OPENAI_PYTHON: Final = _transport(
    "APIConnectionError",
    "APIConnectionError",
    "APIConnectionError",
    "APITimeoutError",
    "APIConnectionError",
)
NODE: Final = _transport(
    "TypeError: UND_ERR_SOCKET",
    "TypeError: ECONNRESET",
    "TypeError: HTTPParserError",
    "TimeoutError",
    "TypeError: Z_DATA_ERROR",
)
# An abort is a good end to it: the TimeoutError is its program's, which asks the signal afterwards.
OPENAI_NODE: Final = NODE
CURL: Final = _transport(
    "exit code 18", "exit code 56", "exit code 56", "exit code 28", "exit code 61"
)
