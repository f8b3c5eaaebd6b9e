"""The errors a caller may want to catch.

StreamlabError
├── InputError        what was asked for cannot be used: a URL, an option, a JSON body
├── NotFoundError     no recording, or no single one, goes by that name
├── CassetteError     a line of a cassette cannot be read
├── StoreError        the library file cannot be opened, read or written
├── NetworkError      a request could not be sent, or a server could not listen
├── NetworkBlockedError  a connection that `block_network` does not allow
└── HoldTimeoutError  a held stream was not asked for, or not sent, in time

A malformed *stream* is never an error: it is read as far as it goes, and what is wrong with it
is reported as a value (`sse.Issue`, `finding.Finding`).
"""

__all__ = [
    "CassetteError",
    "HoldTimeoutError",
    "InputError",
    "NetworkBlockedError",
    "NetworkError",
    "NotFoundError",
    "StoreError",
    "StreamlabError",
]


class StreamlabError(Exception):
    """Something went wrong that the user can do something about.

    `message` says what and where, `hint` the next thing to try ("" when there is none).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(StreamlabError):
    """What was asked for cannot be used: a URL, an option, a JSON body."""


class NotFoundError(StreamlabError):
    """No recording, or no single one, goes by that name."""


class CassetteError(StreamlabError):
    """A line of a cassette cannot be read."""


class StoreError(StreamlabError):
    """The library file cannot be opened, read or written."""


class NetworkError(StreamlabError):
    """A request could not be sent, or a server could not listen."""


class NetworkBlockedError(StreamlabError):
    """A connection that `block_network` does not allow.

    No OSError, which clients take for a failing network: they would translate it, or try again.
    """


class HoldTimeoutError(StreamlabError):
    """What a test waits for, of a stream that is held back, did not happen in time."""
