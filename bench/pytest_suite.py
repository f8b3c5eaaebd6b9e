"""How long do tests take that replay streams with the pytest plugin?

Run: python bench/pytest_suite.py

A suite of 200 tests, each with a cassette of its own, asks a server for it without waiting: in one
process and in two. And a recorded stream of 30 s with stalls is read on the manual clock.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from harness import BODY, MS, PATH, Figure, print_figures, stream

from streamlab.cassette import write_cassette
from streamlab.clock import ManualClock
from streamlab.replay.transport import ReplayTransport

TESTS = 200
TEST = f"""
import os
import httpx
import pytest

@pytest.mark.parametrize("number", range({TESTS}))
def test_stream(number, streamlab_server):
    # A client that verifies loads all certificates of the system first: ten times the test itself.
    answer = httpx.post(streamlab_server.url + {PATH!r}, content={BODY!r}, verify=False)
    assert answer.text.count("data: ") == 101
"""


def write_suite(folder: Path, tests: int = TESTS) -> None:
    """The test file and its cassettes."""
    (folder / "pytest.ini").write_text(
        "[pytest]\nstreamlab_record_mode = none\nasyncio_default_fixture_loop_scope = function\n"
    )
    (folder / "test_suite.py").write_text(TEST.replace(f"range({TESTS})", f"range({tests})"))
    cassettes = folder / "cassettes/test_suite"
    cassettes.mkdir(parents=True)
    for number in range(tests):
        recording = stream(range(10 * MS, 1010 * MS, 10 * MS))
        write_cassette(cassettes / f"test_stream[{number}].jsonl", [recording])


def run_suite(folder: Path, *options: str) -> str:
    """What pytest says at the end. Raises if a test fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    # Where nothing may be written, pytest compiles anew what it has rewritten: 2 s.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise RuntimeError(ran.stdout + ran.stderr)
    return ran.stdout.splitlines()[-1]


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_suite(folder)
        for options, said in (((), "one process"), (("-n", "2"), "two processes")):
            start_s = time.perf_counter()
            run_suite(folder, *options)
            value = f"{time.perf_counter() - start_s:.1f} s"
            yield Figure(f"{TESTS} tests, {said}", value, "each with a stream of 100 events")
    stalled = stream([300 * MS, 400 * MS, 14_000 * MS, 14_100 * MS, 29_900 * MS, 30_000 * MS])
    start_s = time.perf_counter()
    clock = ManualClock()
    transport = ReplayTransport([stalled], clock=clock)
    with httpx.Client(transport=transport, timeout=60) as client:
        client.post(f"http://a{PATH}", content=BODY)
    value = f"{1000 * (time.perf_counter() - start_s):.1f} ms"
    yield Figure(f"a stream of {clock.now_ns() / 1e9:.0f} s", value, "manual clock, two stalls")


if __name__ == "__main__":
    print_figures(measure)
