"""How a message body is framed, read incrementally: which bytes are body, and when it is over.

h11 does the same for a client that wants its events; a relay that has already passed the bytes on
only needs to know what they were, at a tenth of the cost per HTTP chunk.
"""

from typing import Final, Literal

__all__ = ["BodyReader", "ChunkedBody", "CloseBody", "LengthBody", "body_reader"]

State = Literal["open", "complete", "broken"]

# Chunk extensions and trailers are rare and short; what is longer is not meant well.
_MAX_LINE_BYTES: Final = 16 * 1024
_MAX_TRAILER_BYTES: Final = 64 * 1024
_MAX_SIZE_DIGITS: Final = 16
# Up to eight digits, and CRLF.
_PLAIN_LINE_BYTES: Final = 10
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class LengthBody:
    """A body of a stated length (RFC 9112, 6.2).

    `surplus_bytes` is how much of what was fed last came after the end of the body.
    """

    def __init__(self, length: int) -> None:
        self.detail = ""
        self.surplus_bytes = 0
        self._remaining = length

    @property
    def state(self) -> State:
        """Whether there is more to come."""
        return "open" if self._remaining else "complete"

    def feed(self, data: bytes) -> list[bytes]:
        """The bytes of the body in `data`; what follows it is left out."""
        piece = data[: self._remaining]
        self._remaining -= len(piece)
        self.surplus_bytes = len(data) - len(piece)
        return [piece] if piece else []


class CloseBody:
    """A body that ends with the connection (RFC 9112, 6.3, rule 8)."""

    state: State = "open"
    detail = ""
    surplus_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """All of it."""
        return [data] if data else []


class ChunkedBody:
    """A body in the chunked coding (RFC 9112, 7.1).

    Each HTTP chunk is a piece of its own; one that comes in parts gives a piece per part. Bytes
    that are no chunked coding make it `broken`, and `detail` says how; its lines end with CRLF, and
    nothing else is a line end. `surplus_bytes` is as in `LengthBody`.
    """

    def __init__(self) -> None:
        self.state: State = "open"
        self.detail = ""
        self.surplus_bytes = 0
        self._remaining = 0
        self._line = b""
        self._expects: Literal["size", "data", "end of data", "trailer"] = "size"
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces of the body in `data`."""
        pieces: list[bytes] = []
        position = 0
        while position < len(data) and self.state == "open":
            if self._expects == "size" and not self._line:
                position = self._take_whole(data, position, pieces)
                if position == len(data):
                    break
            if self._expects == "data":
                piece = data[position : position + self._remaining]
                pieces.append(piece)
                position += len(piece)
                self._remaining -= len(piece)
                if not self._remaining:
                    self._expects = "end of data"
            else:
                position = self._feed_line(data, position)
        if self.state != "open":
            self.surplus_bytes = len(data) - position
        return pieces

    @staticmethod
    def _take_whole(data: bytes, position: int, pieces: list[bytes]) -> int:
        """Take HTTP chunks that are there as a whole and have nothing but a size before their data,
        as most are; the position of the first that is not. A relay does this for each event."""
        while (end := data.find(b"\r\n", position, position + _PLAIN_LINE_BYTES)) > position:
            digits = data[position:end]
            if not _HEX.issuperset(digits):
                break
            start = end + 2
            stop = start + int(digits, 16)
            if stop == start or data[stop : stop + 2] != b"\r\n":
                break
            pieces.append(data[start:stop])
            position = stop + 2
        return position

    def _feed_line(self, data: bytes, position: int) -> int:
        """Take a line, or the part of it that is there; the position after it."""
        end = data.find(b"\n", position)
        stop = len(data) if end < 0 else end + 1
        self._line += data[position:stop]
        if len(self._line) > _MAX_LINE_BYTES:
            self._break("a line of the chunked coding is too long")
        elif end >= 0:
            line, self._line = self._line, b""
            self._read_line(line)
        return stop

    def _read_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n") or line.count(b"\r") > 1:
            self._break(f"a line of the chunked coding has another end than CRLF: {line[:40]!r}")
            return
        match self._expects:
            case "size":
                self._read_size(line)
            case "end of data" if line == b"\r\n":
                self._expects = "size"
            case "trailer":
                self._trailer_bytes += len(line)
                if line == b"\r\n":
                    self.state = "complete"
                elif self._trailer_bytes > _MAX_TRAILER_BYTES:
                    self._break("the trailers are too long")
            case _:
                self._break(
                    f"an HTTP chunk does not end where its size says, but with {line[:20]!r}"
                )

    def _read_size(self, line: bytes) -> None:
        digits = line[:-2].partition(b";")[0].rstrip(b" \t")
        if not digits or len(digits) > _MAX_SIZE_DIGITS or not _HEX.issuperset(digits):
            self._break(f"no chunk size: {line[:40]!r}")
            return
        self._remaining = int(digits, 16)
        self._expects = "data" if self._remaining else "trailer"

    def _break(self, detail: str) -> None:
        self.state = "broken"
        self.detail = detail


BodyReader = LengthBody | CloseBody | ChunkedBody


def body_reader(
    method: str, status: int, transfer_encoding: str | None, content_length: str | None
) -> BodyReader:
    """How the body of a response is framed (RFC 9112, 6.3).

    ValueError for a head that does not say it clearly: both a length and a coding, or a bad length
    (request smuggling lives on such heads).
    """
    if method == "HEAD" or status in (204, 304) or status < 200:
        return LengthBody(0)
    if transfer_encoding is not None:
        if content_length is not None:
            raise ValueError("the response has both Transfer-Encoding and Content-Length")
        if transfer_encoding.lower().rpartition(",")[2].strip() == "chunked":
            return ChunkedBody()
        return CloseBody()
    if content_length is None:
        return CloseBody()
    lengths = {length.strip() for length in content_length.split(",")}
    (length,) = lengths if len(lengths) == 1 else ("",)
    if not (length.isascii() and length.isdigit()):
        raise ValueError(f"Content-Length {content_length!r} is no length")
    return LengthBody(int(length))
