"""replaying: a cassette for tests that pytest does not run."""

import os
import unittest
from pathlib import Path

import httpx
import openai
import pytest

from streamlab.cassette import read_cassette, write_cassette
from streamlab.errors import CassetteError, InputError, NetworkBlockedError
from streamlab.replay import Catalog, serve
from streamlab.testing import replaying
from streamlab.testing.merged import rewritten
from tests.conftest import DONE, chat_event, make_recording

RECORDING = make_recording(chat_event("Hi"), DONE)
PATH = Path("folder/chat.jsonl")


def ask(body: bytes = RECORDING.request.body) -> httpx.Response:
    return httpx.post(f"{os.environ['OPENAI_BASE_URL']}/chat/completions", content=body)


def test_records_and_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that is not there yet; then without the API; the environment comes back."""
    monkeypatch.delenv("CI", raising=False)
    with serve(Catalog([RECORDING], match="sequence"), speed=0) as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        before = dict(os.environ)
        for _ in range(2):
            with replaying(PATH) as served:
                assert served.openai_base_url == os.environ["OPENAI_BASE_URL"]
                assert RECORDING.body == ask().content
        assert before == os.environ
        assert 1 == len(api.requests)
    assert 1 == len(read_cassette(PATH))


def test_a_block_that_fails_rewrites_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a test that fails."""
    PATH.parent.mkdir()
    write_cassette(PATH, [RECORDING])
    before = PATH.read_bytes()
    with serve(Catalog([RECORDING], match="sequence"), speed=0) as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        with pytest.raises(ZeroDivisionError), replaying(PATH, record_mode="rewrite"):
            ask().status_code / 0
    assert before == PATH.read_bytes()


def test_an_api_that_cannot_be_reached_leaves_no_cassette(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its 502 is nothing to replay."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with replaying(PATH, record_mode="once"):
        assert 502 == ask().status_code
    assert not PATH.exists()


def test_what_it_refuses() -> None:
    """A cassette that is missing or broken, an option that there is not, the network."""
    with (
        pytest.raises(CassetteError, match="there is no cassette"),
        replaying(PATH, record_mode="none"),
    ):
        pass
    with pytest.raises(InputError, match="record_mode 'x'"), replaying(PATH, record_mode="x"):
        pass
    PATH.parent.mkdir()
    write_cassette(PATH, [RECORDING])
    with replaying(PATH), pytest.raises(NetworkBlockedError):
        httpx.get("http://a.invalid")
    PATH.write_text("{", "utf-8")
    with pytest.raises(CassetteError, match=r"chat\.jsonl:1: not JSON"), replaying(PATH):
        pass


def test_in_unittest() -> None:
    """With an SDK that is given nothing."""
    PATH.parent.mkdir()
    write_cassette(PATH, [RECORDING])

    class Chat(unittest.TestCase):
        def test_text(self) -> None:
            with replaying(PATH, match="path") as served, openai.OpenAI() as client:
                chunks = client.chat.completions.create(model="x", messages=[], stream=True)
                assert "Hi" == next(iter(chunks)).choices[0].delta.content
                assert 1 == len(served.requests)

    result = unittest.TestResult()
    Chat("test_text").run(result)
    assert result.wasSuccessful(), result.failures + result.errors


def test_what_is_rewritten_keeps_order_and_ids() -> None:
    """The n-th of a request for the n-th of it; what is gone goes, what is new comes last."""

    def made(name: str, request: str) -> object:
        return make_recording(recording_id=name, body=request.encode())

    old = [made("a1", "a"), made("b", "b"), made("a2", "a"), made("gone", "gone")]
    new = [made("x", "new"), made("y1", "a"), made("z", "b"), made("y2", "a"), made("y3", "a")]
    kept = rewritten(old, new, lambda recording: recording.request.body)  # type: ignore[arg-type]
    assert ["a1", "b", "a2", "x", "y3"] == [each.id for each in kept]
    assert [b"a", b"b", b"a", b"new", b"a"] == [each.request.body for each in kept]
