"""What docs/pytest.md and examples/chat-backend show is run: first recorded, then replayed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import anthropic  # noqa: F401 - see test_pytest_plugin
import httpcore2  # noqa: F401
import httpx  # noqa: F401
import httpx2  # noqa: F401
import openai  # noqa: F401
import pytest
import respx  # noqa: F401

import streamlab.pytest_plugin.settings
import streamlab.respx
import streamlab.testing  # noqa: F401
from streamlab.cassette import read_cassette
from streamlab.replay import Catalog, serve
from tests.conftest import FIXTURES
from tests.test_pytest_plugin import INI

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs/pytest.md"
EXAMPLE = ROOT / "examples/chat-backend"


def test_the_test_file_of_the_docs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands: a first run asks the API once, a second one nothing."""
    monkeypatch.delenv("CI", raising=False)
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    tests = len(re.findall(r"^def test_", "\n".join(blocks), re.MULTILINE))
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(test_chat="\n\n".join(blocks))
    answers = Catalog(read_cassette(FIXTURES / "llama.cpp/short.jsonl"), match="path")
    with serve(answers, speed=0) as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789abcdef")
        first = pytester.runpytest_inprocess()
        first.assert_outcomes(passed=tests)
        again = pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", "--streamlab-record-mode=none"
        )
        again.assert_outcomes(passed=tests)
        assert 1 == len(api.requests)


@pytest.mark.parametrize(
    "command",
    [["pytest", "-q", "-p", "no:cacheprovider"], ["unittest", "-q", "test_with_unittest"]],
)
def test_the_example(command: list[str]) -> None:
    """By pytest and by unittest; without a key, and without the network."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    ran = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=EXAMPLE, env=kept, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert 0 == ran.returncode, ran.stdout + ran.stderr


def test_cassettes_hold_no_secrets() -> None:
    """Those that the project ships for tests."""
    secret = re.compile(r"sk-[A-Za-z0-9]{8}|Bearer (?!\[redacted\])|api[_-]key\"", re.IGNORECASE)
    shipped = list(EXAMPLE.rglob("*.jsonl"))
    assert shipped
    for path in shipped:
        assert not secret.search(path.read_text("utf-8")), path


def test_a_suite_with_many_cassettes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bench/pytest_suite.py measures it; here it only has to pass, in one process and in two."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    import pytest_suite

    pytest_suite.write_suite(tmp_path, tests=8)
    assert pytest_suite.run_suite(tmp_path).startswith("8 passed")
    assert pytest_suite.run_suite(tmp_path, "-n", "2").startswith("8 passed")
