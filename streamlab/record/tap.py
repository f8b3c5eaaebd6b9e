"""A tap on the file that a response of http.client is read from: what passes is recorded.

What urllib3 hands up is cut by whoever asks (`iter_content(1)` gives single bytes, and without
chunks urllib3 waits until as much is there as was asked for). The file below still has the bytes as
they come from the connection, with their framing; here they are taken apart as in the proxy.
"""

import io
from typing import Any, Final

from streamlab._http1 import BodyReader, CloseBody
from streamlab.record.active import ActiveRecording

__all__ = ["tapped"]

_CUT: Final = "the server closed the connection before the body's end"
_LEFT: Final = "the response was closed before its end"


def tapped(file: Any, body: BodyReader, active: ActiveRecording) -> io.BufferedReader:  # noqa: ANN401
    """A file as `file`, of a socket or in memory, whose reading is recorded.

    `body` says what of its bytes is body. The end is that of the body, whether or not the program
    reads on; closing it before is our side's hanging up.
    """
    return io.BufferedReader(_Tap(file, body, active))


class _Tap(io.RawIOBase):
    def __init__(self, file: Any, body: BodyReader, active: ActiveRecording) -> None:  # noqa: ANN401
        self._file = file
        # One read of the connection at most, or what came along with the head.
        self._read = getattr(file, "read1", file.read)
        self._body = body
        self._active = active
        self._note_state()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer of bytes
        with self._active.watch():
            data = self._read(len(buffer))
        for piece in self._body.feed(data):
            self._active.read(piece)
        self._note_state()
        if not data:
            self._note_eof()
        buffer[: len(data)] = data
        return len(data)

    def _note_state(self) -> None:
        if self._body.state == "complete":
            self._active.finish("complete")
        elif self._body.state == "broken":
            self._active.finish("protocol_error", self._body.detail)

    def _note_eof(self) -> None:
        if isinstance(self._body, CloseBody):
            self._active.finish("complete")
        else:
            self._active.finish("truncated", _CUT)

    def fileno(self) -> int:
        return int(self._file.fileno())

    def close(self) -> None:
        if not self.closed:
            self._active.finish("client_closed", _LEFT)
            try:
                self._file.close()
            finally:
                super().close()
