"""Each system's stream, read from the replay server by every client that can speak to it."""

import shutil
import subprocess
from dataclasses import replace

import pytest

from streamlab.analysis import analyze
from streamlab.cassette import read_cassette
from streamlab.recording import Recording
from streamlab.replay import serve
from tests.clients.cast import (
    CHROMIUM_NAIVE,
    CLIENTS,
    HTTPX,
    NODE_NAIVE,
    OPENAI_NODE,
    OPENAI_PYTHON,
    Cast,
    Client,
    serve_with_pages,
)
from tests.conftest import FIXTURES

pytestmark = pytest.mark.clients

# The API (see examples/clients/apis.py) and the base URL's path.
SYSTEMS = {
    "assisters-chat": ("openai", "/v1"),
    "assisters-raw": ("assisters", ""),
    "fastgpt-detail": ("fastgpt", "/api/v1"),
    "fastgpt-plain": ("openai", "/api/v1"),
    "fastgpt-tools": ("fastgpt", "/api/v2"),
    "savegate-chat": ("openai", "/v1"),
    "savegate-express": ("savegate", ""),
    "savegate-fastapi": ("savegate", ""),
    "sekuire-chat": ("sekuire", ""),
    "selamgpt-chat": ("openai", "/v1"),
}
RECORDINGS = {name: read_cassette(FIXTURES / f"systems/{name}.jsonl")[0] for name in SYSTEMS}


def reads_end_at_lines(recording: Recording) -> bool:
    return all(read.data.endswith(b"\n") for read in recording.reads)


def can_read(client: Client, name: str) -> bool:
    """The naive client reads what does not end inside a line; and in a browser nothing safely:
    Chromium cuts a response of some KiB that comes at once where it likes."""
    if SYSTEMS[name][0] not in client.apis or client == CHROMIUM_NAIVE:
        return False
    return client != NODE_NAIVE or reads_end_at_lines(RECORDINGS[name])


def pairs() -> list[tuple[str, Client]]:
    return [(name, client) for name in SYSTEMS for client in CLIENTS if can_read(client, name)]


@pytest.mark.parametrize(("name", "client"), pairs(), ids=str)
def test_text_is_the_recording_s(cast: Cast, name: str, client: Client) -> None:
    """Read to its end, without waiting: the text that `analyze` finds, and no error."""
    api, path = SYSTEMS[name]
    with serve_with_pages([RECORDINGS[name]]) as server:
        answer = cast.ask(client, server.url + path, api=api)
    assert (analyze(RECORDINGS[name]).text, "") == (answer.text, answer.error)


@pytest.mark.parametrize("name", SYSTEMS)
def test_curl_prints_the_body(name: str) -> None:
    """`curl -N`, byte for byte."""
    if not shutil.which("curl"):
        pytest.skip("no curl")
    recording = RECORDINGS[name]
    path = "/" + recording.request.url.partition("://")[2].partition("/")[2]
    options = [] if recording.request.method == "GET" else ["--data-binary", "@-"]
    with serve([recording], speed=0) as server:
        ran = subprocess.run(
            ["curl", "-sSN", "--fail", "--max-time", "30", *options, server.url + path],
            input=recording.request.body,
            capture_output=True,
            check=True,
        )
    assert recording.body == ran.stdout


def test_strip_takes_the_spaces_of_raw_tokens(cast: Cast) -> None:
    """Where the data is no JSON, the loop that strips it joins the words."""
    recording = RECORDINGS["assisters-raw"]
    with serve([recording], speed=0) as server:
        answer = cast.ask(HTTPX, server.url, api="assisters")
    assert (analyze(recording).text.replace(" ", ""), "") == (answer.text, answer.error)


@pytest.mark.parametrize("client", [OPENAI_PYTHON, OPENAI_NODE], ids=str)
def test_sdks_ask_again_after_a_429(cast: Cast, client: Client) -> None:
    """By themselves, and after as many milliseconds as a header of OpenAI's says."""
    (limited,) = read_cassette(FIXTURES / "systems/selamgpt-rate-limited.jsonl")
    assert limited.response is not None
    headers = (*limited.response.headers, ("Retry-After-Ms", "1"))
    limited = replace(limited, response=replace(limited.response, headers=headers))
    answered = RECORDINGS["selamgpt-chat"]
    with serve([limited, answered], speed=0) as server:
        answer = cast.ask(client, f"{server.url}/v1")
    assert (analyze(answered).text, "") == (answer.text, answer.error)
