"""JSON lines: each line that is not empty is an event, of type `message`.

Lines end in LF, or CR LF (https://github.com/ndjson/ndjson-spec, 3.1). The last one may lack its
line end: it is an event, unless it opens a JSON object that it does not close. Whether a line holds
JSON is for its reader to say, as with the data of an event stream.
"""

import codecs
import json

from streamlab.sse import MAX_BLOCK_BYTES, Blank, Event, Issue, IssueCode, Item, quoted, text_of

__all__ = ["JsonLinesDecoder", "is_json_object"]

# More bytes of a line that is too long than its issue quotes.
_KEPT_BYTES = 1024


def is_json_object(line: bytes) -> bool:
    """Whether the line holds one JSON object and nothing else."""
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


class JsonLinesDecoder:
    """See `framing.Decoder`."""

    def __init__(self, *, max_block_bytes: int = MAX_BLOCK_BYTES) -> None:
        self.offset = 0
        self._max_block_bytes = max_block_bytes
        # The line being read: what is kept of it, how long it is, and the offset of its first byte.
        self._line = bytearray()
        self._line_bytes = 0
        self._line_start = 0

    def feed(self, data: bytes) -> list[Item]:
        """The items that `data` completed."""
        items: list[Item] = []
        base = self.offset
        self.offset += len(data)
        position = 0
        while (end := data.find(b"\n", position)) >= 0:
            self._keep(data[position:end])
            position = end + 1
            self._end_line(base + position, items)
        self._keep(data[position:])
        return items

    def close(self) -> list[Item]:
        """The last line, if it lacks its line end."""
        items: list[Item] = []
        if not self._line_bytes:
            return items
        line = bytes(self._line.removeprefix(codecs.BOM_UTF8))
        if line.lstrip().startswith(b"{") and not is_json_object(line):
            items.append(self._discarded("unterminated-event", self.offset))
        else:
            self._end_line(self.offset, items)
        return items

    def _keep(self, piece: bytes) -> None:
        """The line goes on: keep its piece, unless it has grown too long."""
        self._line_bytes += len(piece)
        self._line += piece
        if self._line_bytes > self._max_block_bytes:
            del self._line[_KEPT_BYTES:]

    def _end_line(self, stop: int, items: list[Item]) -> None:
        if self._line_bytes > self._max_block_bytes:
            items.append(self._discarded("block-too-long", stop))
        else:
            self._read_line(bytes(self._line), stop, items)
        self._line.clear()
        self._line_bytes = 0
        self._line_start = stop

    def _read_line(self, line: bytes, stop: int, items: list[Item]) -> None:
        start = self._line_start
        if start == 0 and line.startswith(codecs.BOM_UTF8):
            start = len(codecs.BOM_UTF8)
            line = line[start:]
            items.append(Issue("bom", 0, start, "EF BB BF"))
        if line.strip():
            text = text_of(line.removesuffix(b"\r"), start, items)
            items.append(Event("message", text, None, start, stop))
        elif start < stop:
            items.append(Blank(start, stop))

    def _discarded(self, code: IssueCode, stop: int) -> Issue:
        text = self._line[:_KEPT_BYTES].decode("utf-8", "replace")
        return Issue(code, self._line_start, stop, quoted(text))
