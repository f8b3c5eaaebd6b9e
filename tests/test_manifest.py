"""`streamlab import` of a manifest: every body it names, or none."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamlab.analysis import analyze
from streamlab.errors import InputError
from streamlab.interop import read_foreign
from streamlab.recording import Recording, Request
from streamlab.replay import serve
from streamlab.store import Library
from tests.cli_runner import fails_well, run
from tests.corpus import CORPUS, entries, needs_corpus

FOLDER = Path(__file__).parent / "data/interop/manifest"
MANIFEST = FOLDER / "manifest.jsonl"


def read(path: Path, request: Request | None = None) -> list[Recording]:
    return read_foreign(path.read_bytes(), str(path), request=request).recordings


def written(*lines: dict[str, Any] | str) -> Path:
    """A manifest in the test's folder, with one body beside it."""
    Path("body.sse").write_bytes(b"data: a\n\n")
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    Path("some.jsonl").write_text("\n".join(texts), "utf-8")
    return Path("some.jsonl")


def test_a_manifest_gives_what_its_lines_say() -> None:
    """Names, tags, requests, heads; what a line does not say is told by the body or guessed."""
    chat, lines, limit, bare = read(MANIFEST)
    assert ["chat-001", "lines", "limit", "only a file"] == [
        each.name for each in (chat, lines, limit, bare)
    ]
    assert [("untimed", "example"), ("untimed", "local", "ollama"), ("untimed",)] == [
        each.tags for each in (chat, lines, limit)
    ]
    guessed = "http://imported.invalid"
    assert [
        ("POST", "https://api.example/v1/chat/completions?key=%5Bredacted%5D"),
        ("POST", f"{guessed}/api/chat"),
        ("GET", "https://api.example/v1/limit"),
        ("POST", f"{guessed}/v1/chat/completions"),
    ] == [(each.request.method, each.request.url) for each in (chat, lines, limit, bare)]
    assert b'{"stream": true}' == chat.request.body
    assert [(200, 3), (200, 2), (429, 1), (200, 3)] == [
        (each.response.status if each.response else 0, len(each.reads))
        for each in (chat, lines, limit, bare)
    ]
    assert [
        (
            ("content-type", "text/event-stream; charset=utf-8"),
            ("set-cookie", "[redacted]"),
            ("set-cookie", "[redacted]"),
        ),
        (("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked")),
        (("Content-Type", "application/problem+json"), ("Transfer-Encoding", "chunked")),
        (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")),
    ] == [each.response.headers if each.response else () for each in (chat, lines, limit, bare)]
    assert ("Hello", ("slow down",)) == (analyze(bare).text, analyze(limit).errors)
    asked = Request(method="PUT", url="https://b.example/x")
    assert asked == read(MANIFEST, asked)[3].request


def test_import_of_a_manifest(tmp_path: Path) -> None:
    """All of them, once, from any folder; and they are replayed."""
    ran = run("import", MANIFEST)
    assert 0 == ran.returncode, ran.stderr
    assert "manifest.jsonl is a manifest of bodies" in ran.stderr
    assert 4 == ran.stderr.count("imported ")
    shutil.copytree(FOLDER, tmp_path / "copy")
    assert 0 == run("import", "copy/manifest.jsonl").returncode
    assert 4 == len(json.loads(run("ls", "--json").stdout))
    with Library("streamlab.db") as library:
        recordings = library.load_all(["chat-001", "lines"])
    with serve(recordings, speed=0) as server:
        answer = httpx.post(f"{server.url}/api/chat", json={})
    assert (FOLDER / "bodies/lines.ndjson").read_bytes() == answer.content


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"file": "none.sse"}, "file 'none.sse' cannot be read: No such file"),
        ({"file": "../outside.sse"}, "is not in the folder of the manifest"),
        ({"file": "/etc/hostname"}, "is not in the folder of the manifest"),
        ({"file": "link.sse"}, "is not in the folder of the manifest"),
        ({"file": "folder-link/outside.sse"}, "is not in the folder of the manifest"),
        ({"file": "../beside/none.sse"}, "is not in the folder of the manifest"),
        ({"file": "pipe"}, "is no plain file"),
        ({"file": ""}, "is no plain file"),
        ({"file": "loop"}, "file 'loop' "),
        ({"file": "a\0b"}, "is no path"),
        ({"file": "\ud800"}, "file holds a lone surrogate"),
        ({"file": "body.sse", "name": "\ud800"}, "name holds a lone surrogate"),
        ({}, "file must be a string"),
        ("[1]", "an object was expected"),
        ("{", "not JSON"),
        ({"file": "body.sse", "status": 99}, "status 99 is no HTTP status"),
        ({"file": "body.sse", "tags": [1]}, "tags[0]: a string was expected"),
        ({"file": "body.sse", "tags": "a"}, "tags must be a list"),
        ({"file": "body.sse", "response_headers": {"a": 1}}, "response_headers: 'a' must be"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: dict[str, Any] | str, words: str
) -> None:
    """With its number; nothing is imported, and nothing outside of the folder is read."""
    (tmp_path / "outside.sse").write_bytes(b"data: secret\n\n")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    Path("link.sse").symlink_to("../outside.sse")
    Path("folder-link").symlink_to("..")
    Path("loop").symlink_to("loop")
    os.mkfifo("pipe")
    written({"file": "body.sse"}, "", line)
    fails_well(run("import", "some.jsonl"), "some.jsonl:3: ", words)
    assert not Path("streamlab.db").exists()


def test_a_url_that_is_none_is_refused() -> None:
    """Here, and for a body alone."""
    path = written({"file": "body.sse", "url": "http://["})
    with pytest.raises(InputError, match=r"body\.sse: 'http://\[' is no URL"):
        read(path)
    fails_well(run("import", "body.sse", "--url", "http://["), "is no URL")


def test_what_may_be_in_the_folder() -> None:
    """A file further down, a way round, a link that stays inside; an empty body; any other file."""
    Path("down").mkdir()
    Path("down/empty.sse").touch()
    Path("down/text").write_text("Hello", "utf-8")
    Path("link").symlink_to("body.sse")
    names = ["./down/../body.sse", "link", "down/empty.sse", "down/text"]
    recordings = read(written(*({"file": name} for name in names)))
    bodies = [b"data: a\n\n", b"data: a\n\n", b"", b"Hello"]
    assert bodies == [recording.body for recording in recordings]


@pytest.mark.parametrize(
    "line", ['{"file": 1}', '{"name": "\\"file\\""}', '{"a": {"file": "x"}}', '{"file": "x"']
)
def test_what_is_no_manifest(line: str) -> None:
    """JSON lines are a body, unless the first names a file."""
    try:
        imported = read_foreign(line.encode() + b"\n", "x.ndjson")
    except InputError as error:
        pytest.fail(error.message)
    assert "a body: JSON lines" == imported.taken_for


@needs_corpus
def test_the_manifest_of_the_corpus() -> None:
    """Every body, with its name, its provider and its type, byte for byte."""
    manifest = {entry["id"]: entry for entry in entries()}
    recordings = read(CORPUS / "manifest.jsonl")
    assert sorted(manifest) == sorted(recording.name for recording in recordings)
    for recording in recordings:
        entry = manifest[recording.name]
        assert (CORPUS / entry["file"]).read_bytes() == recording.body, recording.name
        assert ("untimed", entry["provider"]) == recording.tags
        assert recording.response is not None
        headers = {name.lower(): value for name, value in recording.response.headers}
        said = entry["response_headers"].get("content-type") or headers["content-type"]
        assert (entry["status"] or 200, said) == (
            recording.response.status, headers["content-type"]
        ), recording.name  # fmt: skip
        assert recording.end is not None
        assert "complete" == recording.end.reason, recording.name
    assert len(recordings) > 300
