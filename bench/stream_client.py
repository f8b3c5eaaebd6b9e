"""A program that reads a stream with httpx, recorded or replayed by a tool in the same process.

    python bench/stream_client.py TOOL MODE STORE URL BODIES [reads]

runs with the interpreter that has the tool, and so imports nothing of ours but streamlab itself, if
that is it. TOOL: none, streamlab, vcrpy or cassetter. MODE: record or replay. It writes `first`
once it has the first read of the first stream, and at the end a line of JSON.
"""

import json
import sys
import time
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path

import httpx

TIMEOUT_S = 60


@contextmanager
def _plain(mode, store):  # noqa: ARG001 - each tool takes these
    with httpx.Client(timeout=TIMEOUT_S) as client:
        yield client


@contextmanager
def _streamlab(mode, store):
    from streamlab import Library, RecordingTransport, ReplayTransport  # noqa: PLC0415 - one of many

    if mode == "record":
        transport = RecordingTransport(store)
    else:
        with Library(store) as library:
            transport = ReplayTransport(library.load_all(library.ids()))
    with httpx.Client(transport=transport, timeout=TIMEOUT_S) as client:
        yield client


@contextmanager
def _vcrpy(mode, store):
    import vcr  # noqa: PLC0415 - one of many

    match_on = ["method", "scheme", "host", "port", "path", "query", "body"]
    record_mode = "new_episodes" if mode == "record" else "none"
    cassette = vcr.use_cassette(str(store), record_mode=record_mode, match_on=match_on)
    with cassette, httpx.Client(timeout=TIMEOUT_S) as client:
        yield client


@contextmanager
def _cassetter(mode, store):
    from cassetter import use_cassette  # noqa: PLC0415 - one of many

    record_mode = "new_episodes" if mode == "record" else "none"
    cassette = use_cassette(str(store), record_mode=record_mode, match_on=["method", "uri", "body"])
    with cassette, httpx.Client(timeout=TIMEOUT_S) as client:
        yield client


TOOLS = {"none": _plain, "streamlab": _streamlab, "vcrpy": _vcrpy, "cassetter": _cassetter}


def main(tool, mode, store, url, bodies, keep="count"):
    """Read an answer for each of the bodies."""
    answers = []
    with TOOLS[tool](mode, Path(store)) as client:
        start_s = time.process_time()
        for number, body in enumerate(json.loads(bodies)):
            started_ns = time.thread_time_ns()
            reads, status, end = _read(client, url, body.encode(), tell=not number)
            answer = {"caller_ns": time.thread_time_ns() - started_ns, "status": status, "end": end}
            if keep == "reads":
                answer["reads"] = [(at_ns, b64encode(data).decode()) for at_ns, data in reads]
            answers.append(answer)
    print(json.dumps({"answers": answers, "process_s": time.process_time() - start_s}))


def _read(client, url, body, *, tell):
    """The reads with their times, the status, and how the stream ended: the exception's name."""
    reads, status = [], 0
    headers = {"Content-Type": "application/json", "Authorization": "Bearer x"}
    try:
        with client.stream("POST", url, content=body, headers=headers) as response:
            status = response.status_code
            for data in response.iter_bytes():
                reads.append((time.monotonic_ns(), data))
                if tell and len(reads) == 1:
                    print("first", flush=True)
    except Exception as error:
        return reads, status, type(error).__name__
    return reads, status, "complete"


if __name__ == "__main__":
    main(*sys.argv[1:])
