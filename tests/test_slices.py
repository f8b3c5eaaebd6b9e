"""Bodies that were recorded of many servers, replayed in random slices: what an independent parser
reads in them is what it reads in the whole."""

from collections.abc import Iterable
from typing import Any

import httpx
from openai._streaming import SSEDecoder

from streamlab.interop.bodies import EVENT_STREAM, NDJSON
from streamlab.replay import serve
from tests.conftest import make_recording
from tests.corpus import CORPUS, entries, kind_of_entry, needs_corpus

SLICED = "slice:at=random,seed=7,gap_ms=0"


def events(pieces: Iterable[bytes]) -> Any:
    """The events that the OpenAI SDK's decoder reads, or how far it came."""
    read = []
    try:
        for event in SSEDecoder().iter_bytes(iter(pieces)):
            read.append((event.event, event.data, event.id, event.retry))  # noqa: PERF401
    except UnicodeDecodeError:
        read.append(("it is no UTF-8", "", None, None))
    return read


def lines(pieces: Iterable[bytes]) -> list[str]:
    """The lines that httpx reads."""
    return list(httpx.Response(200, content=iter(pieces)).iter_lines())


@needs_corpus
def test_every_stream_of_the_corpus_is_the_same_in_random_slices() -> None:
    """SSE and NDJSON; cut between any two bytes."""
    streams = {}
    for entry in entries():
        kind = kind_of_entry(entry)
        if kind in (EVENT_STREAM, NDJSON):
            body = (CORPUS / entry["file"]).read_bytes()
            content_type = "text/event-stream" if kind is EVENT_STREAM else "application/x-ndjson"
            recording = make_recording(
                body,
                headers=(("Content-Type", content_type), ("Transfer-Encoding", "chunked")),
                method="GET",
                url=f"http://a/{entry['id']}",
                recording_id=entry["id"],
            )
            streams[entry["id"]] = (kind, body, recording)
    assert len(streams) > 250
    sliced = 0
    with (
        serve([recording for _, _, recording in streams.values()], faults=[SLICED]) as server,
        httpx.Client(base_url=server.url, verify=False) as client,
    ):
        for name, (kind, body, _) in streams.items():
            with client.stream("GET", f"/{name}") as response:
                pieces = list(response.iter_raw())
            assert body == b"".join(pieces), name
            read = events if kind is EVENT_STREAM else lines
            assert read([body]) == read(pieces), name
            sliced += len(pieces)
    assert sliced > 10 * len(streams)
