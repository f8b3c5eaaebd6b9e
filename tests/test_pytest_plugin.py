"""The pytest plugin, as its users meet it: test files are written and run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What the written tests import stays imported: pytester takes away what they bring.
import anthropic  # noqa: F401
import httpx  # noqa: F401
import httpx2  # noqa: F401
import openai  # noqa: F401
import pytest

import streamlab.live_upstream
import streamlab.pytest_plugin.settings
import streamlab.testing.cassette
import streamlab.testing.stream
import streamlab.testing.transport  # noqa: F401
from streamlab.cassette import read_cassette, write_cassette
from streamlab.replay import Catalog, ReplayServer, serve
from tests.conftest import DONE, chat_event, make_recording

pytest_plugins = ["pytester"]

KEY = "sk-secret-0123456789abcdef"
STREAM = make_recording(chat_event("Hi"), chat_event(" there"), DONE)
# The plugin of hypothesis imports much at the end of each run, and pytester takes that away again.
INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
addopts = -p no:cacheprovider -p no:hypothesispytest
filterwarnings = default
"""
# What a program does that finds its API by the environment.
PROGRAM = """
import os, httpx

def ask(prompt="Hi"):
    headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": prompt}]}
    url = os.environ["OPENAI_BASE_URL"]
    return httpx.post(f"{url}/chat/completions", json=body, headers=headers)
"""


@pytest.fixture(autouse=True)
def _project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a program, on a machine that is no CI."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(program=PROGRAM)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReplayServer]:
    """The real API, as far as the tests know: it answers everything."""
    with serve(Catalog([STREAM], match="sequence"), speed=0) as upstream:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{upstream.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield upstream


def body_of(prompt: str = "Hi") -> bytes:
    messages = [{"role": "user", "content": prompt}]
    return json.dumps({"model": "m", "stream": True, "messages": messages}).encode()


def prompt_of(body: bytes) -> str:
    return json.loads(body)["messages"][0]["content"]


def cassette(path: str, *prompts: str, **options: Any) -> Path:
    """A cassette below cassettes/ with an answer to each prompt."""
    made = [
        make_recording(
            chat_event(f"{prompt}!"), DONE, body=body_of(prompt), recording_id=f"{number:012}",
            **options,
        )
        for number, prompt in enumerate(prompts or ("Hi",))
    ]  # fmt: skip
    written = Path("cassettes") / path
    written.parent.mkdir(parents=True, exist_ok=True)
    write_cassette(written, made)
    return written


def run(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    """The outcome of a test file that imports the program."""
    pytester.makepyfile(test_chat=f"import pytest, httpx\nfrom program import ask\n\n{test}")
    return pytester.runpytest_inprocess(*options)


ASKS = """
def test_asks(streamlab_server):
    assert "Hi" in ask().text
"""


def test_a_first_run_records_and_the_next_replays(
    pytester: pytest.Pytester, api: ReplayServer
) -> None:
    """Without asking again, and without the key."""
    run(pytester, ASKS).assert_outcomes(passed=1)
    assert 1 == len(api.requests)
    (recorded,) = read_cassette("cassettes/test_chat/test_asks.jsonl")
    assert STREAM.body == recorded.body
    run(pytester, ASKS).assert_outcomes(passed=1)
    assert 1 == len(api.requests)
    assert KEY not in Path("cassettes/test_chat/test_asks.jsonl").read_text("utf-8")


def test_two_equal_requests_are_recorded_twice(
    pytester: pytest.Pytester, api: ReplayServer
) -> None:
    """The n-th answer of a first run is the n-th answer later."""
    run(pytester, "def test_asks(streamlab_server):\n    ask(), ask()\n").assert_outcomes(passed=1)
    assert 2 == len(read_cassette("cassettes/test_chat/test_asks.jsonl"))
    assert 2 == len(api.requests)


def test_in_ci_nothing_is_recorded(
    pytester: pytest.Pytester, api: ReplayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cassette that is missing is an error, which says what to do."""
    monkeypatch.setenv("CI", "true")
    outcome = run(pytester, ASKS)
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*there is no cassette *test_asks.jsonl", "hint: record it*"])
    assert not api.requests
    monkeypatch.setenv("CI", "false")
    run(pytester, ASKS).assert_outcomes(passed=1)


THROUGH_SERVER = "def test_asks(streamlab_server):\n    ask(), ask('new')\n"
THROUGH_TRANSPORT = f"""
def test_asks(streamlab_transport):
    with httpx.Client(transport=streamlab_transport) as client:
        for body in ({body_of()!r}, {body_of("new")!r}):
            client.post("URL/v1/chat/completions", content=body)
"""


@pytest.mark.parametrize(
    ("mode", "asked", "kept"),
    [
        ("none", [], ["Hi!"]),
        ("once", [], ["Hi!"]),
        ("new_episodes", ["new"], ["Hi!", "Hi there"]),
        ("all", ["Hi", "new"], ["Hi!", "Hi there", "Hi there"]),
        ("rewrite", ["Hi", "new"], ["Hi there", "Hi there"]),
    ],
)
@pytest.mark.parametrize("test", [THROUGH_SERVER, THROUGH_TRANSPORT], ids=["server", "transport"])
def test_record_modes(
    pytester: pytest.Pytester, api: ReplayServer, mode: str, asked: list, kept: list, test: str
) -> None:
    """What is asked of the API, and what the cassette holds then."""
    path = cassette("test_chat/test_asks.jsonl")
    test = test.replace("URL", api.url)
    run(pytester, test, f"--streamlab-record-mode={mode}").assert_outcomes(passed=1)
    assert asked == [prompt_of(each.body) for each in api.requests]
    bodies = [recording.body.decode() for recording in read_cassette(path)]
    assert kept == ["".join(re.findall(r'content":"([^"]*)', body)) for body in bodies]


def test_rewriting_changes_times_and_answers_only(
    pytester: pytest.Pytester, api: ReplayServer
) -> None:
    """The ids and the order of before; a diff is small, and no other file is left."""
    test = "def test_asks(streamlab_server):\n    ask('a'), ask('b')\n"
    run(pytester, test).assert_outcomes(passed=1)
    path = Path("cassettes/test_chat/test_asks.jsonl")
    # Another order than that of the requests, as if it had been sorted by hand.
    write_cassette(path, list(reversed(read_cassette(path))))
    before = path.read_text("utf-8")
    run(pytester, test, "--streamlab-record-mode=rewrite").assert_outcomes(passed=1)
    after = path.read_text("utf-8")
    assert before != after
    assert without_times(before) == without_times(after)
    assert ["test_asks.jsonl"] == [each.name for each in path.parent.iterdir()]


def without_times(text: str) -> str:
    return re.sub(r'"(at_ns|request_sent|connected)": \d+|"started_at": "[^"]*"', "", text)


def test_a_failing_test_rewrites_nothing(pytester: pytest.Pytester, api: ReplayServer) -> None:
    """An expired key must not cost a cassette."""
    path = cassette("test_chat/test_asks.jsonl")
    before = path.read_bytes()
    test = "def test_asks(streamlab_server):\n    ask()\n    assert False\n"
    run(pytester, test, "--streamlab-record-mode=rewrite").assert_outcomes(failed=1)
    assert before == path.read_bytes()
    assert 1 == len(api.requests)


def test_the_server(pytester: pytest.Pytester) -> None:
    """Its URLs, what was asked, a stream held back, faults and their end; its own environment."""
    cassette("test_chat/test_served.jsonl")
    outcome = run(
        pytester,
        """
import os
from concurrent.futures import ThreadPoolExecutor

def test_served(streamlab_server):
    assert streamlab_server.openai_base_url == f"{streamlab_server.url}/v1"
    assert os.environ["OPENAI_BASE_URL"] == streamlab_server.openai_base_url
    assert os.environ["ANTHROPIC_BASE_URL"] == streamlab_server.url
    assert os.environ["OPENAI_API_KEY"]
    assert "Hi!" in ask().text
    streamlab_server.fault("http_error:status=429")
    assert ask().status_code == 429
    streamlab_server.heal()
    assert ask().status_code == 200
    assert len(streamlab_server.requests) == 3
    hold = streamlab_server.hold()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        hold.wait_until_asked()
        assert hold.sent == 0
        hold.release_all()
        assert "Hi!" in asking.result().text

def test_afterwards():
    assert "OPENAI_BASE_URL" not in os.environ
    assert "OPENAI_API_KEY" not in os.environ
""",
    )
    outcome.assert_outcomes(passed=2)


def test_the_environment_is_put_back(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is there is used, and a URL comes back; also where a test undoes monkeypatch."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://before")
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    cassette("test_chat/test_served.jsonl")
    outcome = run(
        pytester,
        """
import os

def test_served(streamlab_server, monkeypatch):
    assert os.environ["OPENAI_API_KEY"] == "mine"
    monkeypatch.setenv("OTHER", "1")
    monkeypatch.undo()
    assert os.environ["OPENAI_BASE_URL"] == streamlab_server.openai_base_url
""",
    )
    outcome.assert_outcomes(passed=1)
    assert "http://before" == os.environ["OPENAI_BASE_URL"]


def test_the_recording(pytester: pytest.Pytester) -> None:
    """The one there is; of several none."""
    cassette("test_chat/test_one.jsonl")
    cassette("test_chat/test_two.jsonl", "a", "b")
    outcome = run(
        pytester,
        """
def test_one(streamlab_recording, streamlab_cassette):
    assert streamlab_recording == streamlab_cassette.recordings[0]

def test_two(streamlab_recording):
    pass
""",
    )
    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*test_two.jsonl holds 2 recordings, and one is asked for*"])


def test_the_transport(pytester: pytest.Pytester) -> None:
    """For clients of both libraries, sync and async, at recorded times that take none; faults."""
    cassette("test_chat/test_both.jsonl", gap_ns=10_000_000_000)
    outcome = run(
        pytester,
        f"""
import asyncio, httpx2
BODY = {body_of()!r}
URL = "https://api.example/v1/chat/completions"

def test_both(streamlab_transport):
    async def asks(library):
        async with library.AsyncClient(transport=streamlab_transport, timeout=60) as client:
            return (await client.post(URL, content=BODY)).text

    for library in (httpx, httpx2):
        with library.Client(transport=streamlab_transport, timeout=60) as client:
            assert "Hi!" in client.post(URL, content=BODY).text
        assert "Hi!" in asyncio.run(asks(library))
    assert len(streamlab_transport.requests) == 4
    assert streamlab_transport.clock.now_ns() == 4 * 30_000_000_000
    streamlab_transport.fault("reset:after=1")
    with httpx.Client(transport=streamlab_transport, timeout=60) as client:
        with pytest.raises(httpx.ReadError):
            client.post(URL, content=BODY)
        streamlab_transport.heal()
        client.post(URL, content=BODY)
""",
    )
    outcome.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("nam='x'", "no argument 'nam'"),
        ("'x'", "takes no 'x'"),
        ("record_mode='twice'", "record_mode 'twice' is none"),
        ("speed='fast'", "'fast' is no speed"),
        ("match='close'", "match 'close' is none"),
        ("faults=['explode']", "explode"),
        ("unplayed='shout'", "unplayed 'shout' is none"),
        ("max_age_days='old'", "'old' is no number of days"),
        ("name='../x'", "'../x' is no name of a cassette"),
        ("name='/etc/x'", "'/etc/x' is no name of a cassette"),
        ("name='.hidden'", "'.hidden' is no name of a cassette"),
    ],
)
def test_a_bad_marker_is_told(pytester: pytest.Pytester, marker: str, said: str) -> None:
    """What is wrong, and what there is; the test does not run."""
    cassette("test_chat/test_asks.jsonl")
    test = f"@pytest.mark.streamlab({marker})\ndef test_asks():\n    assert False\n"
    outcome = run(pytester, test)
    outcome.assert_outcomes(errors=1)
    assert said in outcome.stdout.str()
    assert "\nhint: " in outcome.stdout.str()


@pytest.mark.parametrize(
    ("name", "path"),
    [("greeting", "test_chat/greeting.jsonl"), ("shop/greeting", "shop/greeting.jsonl")],
)
def test_a_marker_names_the_cassette(pytester: pytest.Pytester, name: str, path: str) -> None:
    """Of the module, or of all; and a test needs no fixture then."""
    cassette(path)
    mark = f"@pytest.mark.streamlab(name={name!r})"
    run(pytester, f"{mark}\ndef test_asks():\n    assert 'Hi!' in ask().text\n").assert_outcomes(
        passed=1
    )


def test_names_of_tests_are_safe_as_those_of_files(
    pytester: pytest.Pytester, api: ReplayServer
) -> None:
    """Parameters and classes; whatever stands in them, one file each, below cassettes/."""
    outcome = run(
        pytester,
        """
class TestChat:
    @pytest.mark.parametrize("prompt", ["plain", "a/b", "a:b", "../../up", "x" * 300])
    def test_asks(self, prompt, streamlab_server):
        ask(prompt)
""",
    )
    outcome.assert_outcomes(passed=5)
    names = sorted(path.name for path in Path("cassettes/test_chat").iterdir())
    assert 5 == len(names)
    assert "TestChat.test_asks[plain].jsonl" in names
    assert all(re.fullmatch(r"[\w.\[\]-]{1,200}\.jsonl", name) for name in names)
    assert 5 == len(list(pytester.path.rglob("*.jsonl")))


def test_what_is_said_in_several_places(pytester: pytest.Pytester) -> None:
    """Command line, then marker, then streamlab_config, then ini."""
    cassette("test_chat/test_asks.jsonl")
    pytester.makefile(".ini", pytest=f"{INI}streamlab_speed = 0.001\n")
    pytester.makeconftest(
        """
import pytest

@pytest.fixture
def streamlab_config():
    return {"speed": 0.002}
"""
    )
    shows = """
def test_asks(streamlab_cassette):
    print("at", streamlab_cassette.options.speed)
""".lstrip()
    marked = f"@pytest.mark.streamlab(speed=1)\n{shows}"
    assert "at 10x\n" in run(pytester, marked, "-s", "--streamlab-speed=10x").stdout.str()
    assert "at 1\n" in run(pytester, marked, "-s").stdout.str()
    assert "at 0.002\n" in run(pytester, shows, "-s").stdout.str()
    Path("conftest.py").unlink()
    assert "at 0.001\n" in run(pytester, shows, "-s").stdout.str()


def test_config_of_redaction_and_of_own_variables(
    pytester: pytest.Pytester, api: ReplayServer
) -> None:
    """What is asked of a program's own API is recorded, but for what must not be."""
    pytester.makeconftest(
        f"""
import pytest
from streamlab import Redaction

@pytest.fixture(scope="session")
def streamlab_config():
    return {{
        "base_urls": {{"SHOP_URL": "{api.url}/shop"}},
        "redact": Redaction(json_paths=["$.customer"]),
        "ignore_json_paths": ["$.customer"],
    }}
"""
    )
    test = """
import os

def test_shop(streamlab_server):
    answer = httpx.post(os.environ["SHOP_URL"] + "/ask", json={"customer": "Ann Example"})
    assert "Hi" in answer.text
"""
    run(pytester, test).assert_outcomes(passed=1)
    assert ["/shop/ask"] == [asked.target for asked in api.requests]
    assert "Ann" not in Path("cassettes/test_chat/test_shop.jsonl").read_text("utf-8")
    run(pytester, test, "--streamlab-record-mode=none").assert_outcomes(passed=1)


def test_a_miss_is_explained_by_the_failure(pytester: pytest.Pytester) -> None:
    """A changed prompt is no recorded one; what differs stands below the failure."""
    cassette("test_chat/test_asks.jsonl")
    test = "def test_asks(streamlab_server):\n    ask('Hello').raise_for_status()\n"
    outcome = run(pytester, test)
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "*streamlab: misses*",
            "*no recording answers POST*",
            '*"Hello" != "Hi"*',
            "*new_episodes*",
        ]
    )


BYPASSES = {
    "openai": """
    import openai
    openai.OpenAI(base_url="http://192.0.2.1/v1").models.list()
""",
    "anthropic": """
    import anthropic
    try:
        anthropic.Anthropic(base_url="http://a.invalid", max_retries=0).models.list()
    except anthropic.APIConnectionError:
        pass
""",
    "httpx": """
    httpx.get("http://a.invalid")
""",
}


@pytest.mark.parametrize("client", BYPASSES)
@pytest.mark.parametrize(
    ("option", "test"),
    [
        ("", "@pytest.mark.streamlab\ndef test_past():"),
        ("", "def test_past(streamlab_transport):"),
        ("--streamlab-block-network", "def test_past():"),
    ],
    ids=["marked", "fixture", "option"],
)
def test_going_past_us_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, client: str, option: str, test: str
) -> None:
    """Whoever does it, and even if the program keeps the error to itself."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "x")
    cassette("test_chat/test_past.jsonl")
    outcome = run(pytester, f"{test}{BYPASSES[client]}", *filter(None, [option]))
    outcome.assert_outcomes(failed=1)
    outcome.stdout.re_match_lines(
        [rf".*blocked: a connection to .* by {client}( \(.*)? in test_chat.py:\d+", ".*base_url"]
    )


def test_what_is_allowed(pytester: pytest.Pytester) -> None:
    """Loopback always, other hosts by name, all if the marker says so, and in unmarked tests."""
    cassette("test_chat/one.jsonl")
    outcome = run(
        pytester,
        """
import socket

def connect():
    with socket.socket() as made:
        made.setblocking(False)
        made.connect_ex(("192.0.2.1", 9))

@pytest.mark.streamlab(name="one")
def test_loopback():
    assert ask().status_code == 200

@pytest.mark.streamlab(name="one", allow_hosts=["192.0.2.1"])
def test_allowed():
    connect()

@pytest.mark.streamlab(name="one", block_network=False)
def test_not_blocked():
    connect()

def test_unmarked():
    connect()
""",
    )
    outcome.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("action", "outcomes"),
    [("ignore", {"passed": 1}), ("warn", {"passed": 1, "warnings": 1}), ("fail", {"failed": 1})],
)
def test_unplayed_recordings(
    pytester: pytest.Pytester, action: str, outcomes: dict[str, int]
) -> None:
    """Nothing is said of them unless it is asked for."""
    cassette("test_chat/test_asks.jsonl", "Hi", "never asked")
    test = "def test_asks(streamlab_server):\n    ask()\n"
    outcome = run(pytester, test, f"--streamlab-unplayed={action}")
    outcome.assert_outcomes(**outcomes)
    said = "nothing asked for 000000000001" in outcome.stdout.str()
    assert said == (action != "ignore")


@pytest.mark.parametrize(("days", "warnings"), [("1000000", 0), ("0", 1)])
def test_old_cassettes_warn(pytester: pytest.Pytester, days: str, warnings: int) -> None:
    """By the time at which they were recorded."""
    cassette("test_chat/test_asks.jsonl")
    pytester.makefile(".ini", pytest=f"{INI}streamlab_max_age_days = {days}\n")
    outcome = run(pytester, "def test_asks(streamlab_recording):\n    pass\n")
    outcome.assert_outcomes(passed=1, warnings=warnings)
    assert ("OldCassetteWarning" in outcome.stdout.str()) == bool(warnings)


def test_a_broken_cassette_is_told_with_file_and_line(pytester: pytest.Pytester) -> None:
    """And no traceback."""
    path = cassette("test_chat/test_asks.jsonl")
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], "{broken", *lines[2:]]), "utf-8")
    outcome = run(pytester, ASKS)
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*test_asks.jsonl:2: not JSON*", "hint: *"])
    assert "Traceback" not in outcome.stdout.str()


def test_unittest_classes(pytester: pytest.Pytester) -> None:
    """By the marker alone, by usefixtures, and with the server as an attribute."""
    for name in ("Marked.test_asks", "Used.test_asks", "Attribute.test_asks"):
        cassette(f"test_chat/{name}.jsonl")
    outcome = run(
        pytester,
        """
import unittest

@pytest.mark.streamlab
class Marked(unittest.TestCase):
    def test_asks(self):
        self.assertIn("Hi!", ask().text)

@pytest.mark.usefixtures("streamlab_server")
class Used(unittest.TestCase):
    def test_asks(self):
        self.assertIn("Hi!", ask().text)

class Attribute(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _served(self, streamlab_server):
        self.server = streamlab_server

    def test_asks(self):
        self.assertIn("Hi!", ask().text)
        self.assertEqual(1, len(self.server.requests))
""",
    )
    outcome.assert_outcomes(passed=3)


def test_asynchronous_tests(pytester: pytest.Pytester) -> None:
    """Of pytest-asyncio and of anyio's plugin, by server and by transport."""
    cassette("chat/one.jsonl")
    outcome = run(
        pytester,
        f"""
import os
BODY = {body_of()!r}

async def asks(client, url):
    return (await client.post(f"{{url}}/chat/completions", content=BODY)).text

@pytest.mark.asyncio
@pytest.mark.streamlab(name="chat/one")
async def test_asyncio(streamlab_server):
    async with httpx.AsyncClient() as client:
        assert "Hi!" in await asks(client, streamlab_server.openai_base_url)

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.streamlab(name="chat/one")
async def test_anyio():
    async with httpx.AsyncClient() as client:
        assert "Hi!" in await asks(client, os.environ["OPENAI_BASE_URL"])

@pytest.mark.asyncio
@pytest.mark.streamlab(name="chat/one")
async def test_transport(streamlab_transport):
    async with httpx.AsyncClient(transport=streamlab_transport) as client:
        assert "Hi!" in await asks(client, "https://api.example/v1")
""",
    )
    outcome.assert_outcomes(passed=3)


def test_importing_the_plugin_brings_nothing_heavy() -> None:
    """A run that uses none of it pays for no HTTP library, no SQLite, no part of streamlab else."""
    code = (
        "import sys, pytest, asyncio; before = set(sys.modules); import streamlab.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [
        "streamlab", "streamlab.lazy", "streamlab.pytest_plugin",
        "streamlab.pytest_plugin.plain_import", "streamlab.pytest_plugin.watch",
        "streamlab.version",
    ] == ran.stdout.split()  # fmt: skip


SERVES = """
import sys
from urllib.request import urlopen
from streamlab.testing import replaying

with replaying(sys.argv[1], record_mode="none") as served:
    urlopen(served.url + "/v1/chat/completions", data=sys.argv[2].encode()).read()
print(*sys.modules)
"""
HEAVY = {
    "anyio.abc", "httpx", "httpx2", "pydantic", "rich", "sqlite3", "sqlite_utils",
    "streamlab.finding", "streamlab.record.proxy", "streamlab.report", "streamlab.store", "typer",
}  # fmt: skip


def test_a_replay_brings_nothing_of_what_records_and_reports() -> None:
    """Each process of a suite imports it, and most suites only replay."""
    command = [sys.executable, "-c", SERVES, cassette("chat/one.jsonl"), body_of()]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    brought = set(ran.stdout.split())
    assert "streamlab.replay.server" in brought
    assert set() == HEAVY & brought


def test_pytest_does_not_rewrite_streamlab(pytester: pytest.Pytester) -> None:
    """It would compile all of it once more, and where it may not write that down, in each run."""
    cassette("test_chat/test_stream.jsonl")
    pytester.makepyfile(
        test_chat="""
def test_stream(streamlab_server):
    import sys
    rewritten = {
        name for name, module in sys.modules.items()
        if name.startswith("streamlab.") and "rewrite" in type(module.__loader__).__module__
    }
    assert {name for name in rewritten if not name.startswith("streamlab.pytest_plugin")} <= {
        "streamlab.lazy", "streamlab.version"
    }
    assert "rewrite" in type(sys.modules[__name__].__loader__).__module__
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
