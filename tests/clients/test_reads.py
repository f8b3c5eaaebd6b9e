"""Where reads end must not matter to a client; and what EventSource does where a stream ends."""

import pytest

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from tests.clients.cast import (
    CHROMIUM_NAIVE,
    CHROMIUM_WHOLE,
    EVENT_SOURCE,
    NODE_NAIVE,
    NODE_WHOLE,
    Cast,
    Client,
    serve_with_pages,
)
from tests.clients.cut import cut_every, cuts_characters, cuts_lines
from tests.conftest import DONE, FIXTURES, make_recording

pytestmark = pytest.mark.clients

(LIBRARY,) = read_cassette(FIXTURES / "systems/fastgpt-plain.jsonl")
# In Chinese and English; odd, so that ends fall everywhere.
CUT = cut_every(LIBRARY, 31)


def test_the_cuts_are_where_they_hurt() -> None:
    """Inside lines and inside characters, and the bytes are the same."""
    assert cuts_lines(CUT)
    assert cuts_characters(CUT)
    assert LIBRARY.body == CUT.body
    assert analyze(LIBRARY).text == analyze(CUT).text


@pytest.mark.parametrize("client", [NODE_NAIVE, CHROMIUM_NAIVE], ids=str)
def test_the_naive_reader_loses_text(cast: Cast, client: Client) -> None:
    """Without a word: what is left looks like an answer."""
    with serve_with_pages([CUT], speed=1) as server:
        answer = cast.ask(client, f"{server.url}/api/v1")
    assert "" == answer.error
    assert len(answer.text) < len(analyze(LIBRARY).text)


@pytest.mark.parametrize("client", [NODE_WHOLE, CHROMIUM_WHOLE], ids=str)
def test_the_reader_that_keeps_the_rest_is_whole(cast: Cast, client: Client) -> None:
    """The same bytes in the same pieces."""
    with serve_with_pages([CUT], speed=1) as server:
        answer = cast.ask(client, f"{server.url}/api/v1")
    assert (analyze(LIBRARY).text, "") == (answer.text, answer.error)


def test_event_source_asks_again_where_a_stream_just_ends(cast: Cast) -> None:
    """It takes an end without [DONE] for a lost connection, and shows both answers as one."""
    url = "http://a/chat/stream?message=Hello"
    events = (b'retry: 20\ndata: {"chunk": "Good"}\n\n', b'data: {"chunk": " day."}\n\n')
    first, second = (
        make_recording(*pieces, method="GET", url=url, body=b"", recording_id=digit * 12)
        for digit, pieces in (("1", events), ("2", (*events, DONE)))
    )
    with serve_with_pages([first, second]) as server:
        answer = cast.ask(EVENT_SOURCE, server.url)
    assert ("Good day.Good day.", "") == (answer.text, answer.error)
