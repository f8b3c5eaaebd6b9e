"""A test suite for Node, run against a replay: examples/chat-backend/node, by `npm test`."""

import os
import subprocess
import sys

import pytest

from tests.clients.cast import ROOT, VENV

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("cast")]

EXAMPLE = ROOT / "examples/chat-backend"
REPLAY = ["replay", "../cassettes/test_chat_backend/greeting.jsonl", "--speed", "instant", "--"]


def test_npm_test() -> None:
    """As its README has it; both tests pass, and the requests were answered."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ["PATH"]])
    ran = subprocess.run(
        [sys.executable, "-m", "streamlab", *REPLAY, "npm", "test"],
        cwd=EXAMPLE / "node", env={**os.environ, "PATH": path},
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "pass 2" in ran.stdout
    assert "answered 3 of 3 requests" in ran.stderr
