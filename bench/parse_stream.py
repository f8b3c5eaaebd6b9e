"""How long does a parser take for a body in pieces? One line of JSON: seconds of each run, events.

    python bench/parse_stream.py PARSER BODY_FILE PIECE_BYTES TIMES

runs with the interpreter that has the parser. PIECE_BYTES of 0 makes each event a piece. PARSER:
streamlab, httpx-sse (used as it is used, through a response of httpx that is given the pieces) or
sseclient-py.
"""

import json
import re
import sys
import time
from pathlib import Path


def _streamlab():
    from streamlab.sse import Decoder, Event  # noqa: PLC0415 - one of many

    def parse(pieces):
        decoder, events = Decoder(), 0
        for piece in pieces:
            for item in decoder.feed(piece):
                events += isinstance(item, Event)
        return events

    return parse


def _httpx_sse():
    import httpx  # noqa: PLC0415 - one of many
    from httpx_sse import EventSource  # noqa: PLC0415 - one of many

    def parse(pieces):
        headers = {"Content-Type": "text/event-stream"}
        response = httpx.Response(200, headers=headers, content=iter(pieces))
        return sum(1 for _ in EventSource(response).iter_sse())

    return parse


def _sseclient_py():
    from sseclient import SSEClient  # noqa: PLC0415 - one of many

    return lambda pieces: sum(1 for _ in SSEClient(iter(pieces)).events())


PARSERS = {"streamlab": _streamlab, "httpx-sse": _httpx_sse, "sseclient-py": _sseclient_py}


def main(parser, body_file, piece_bytes, times):
    """Print what it took."""
    body, size = Path(body_file).read_bytes(), int(piece_bytes)
    if size:
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
    else:
        pieces = re.findall(rb"(?s).+?\n\n", body)
    parse, seconds, events = PARSERS[parser](), [], 0
    for _ in range(int(times)):
        start_s = time.perf_counter()
        events = parse(pieces)
        seconds.append(time.perf_counter() - start_s)
    print(json.dumps({"seconds": seconds, "events": events}))


if __name__ == "__main__":
    main(*sys.argv[1:])
