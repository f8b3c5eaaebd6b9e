"""Credentials are replaced, and nothing else is."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.redaction import redact_headers, redact_text, redact_url

CASES = json.loads((Path(__file__).parent / "data" / "redaction_cases.json").read_text("utf-8"))


@pytest.mark.parametrize(("name", "value", "expected"), CASES["headers"])
def test_header(name: str, value: str, expected: str) -> None:
    """The name stays, a credential's value goes."""
    assert ((name, expected),) == redact_headers(((name, value),))


@pytest.mark.parametrize(("url", "expected"), CASES["urls"])
def test_url(url: str, expected: str) -> None:
    """Key-like parameters and user info go, all else keeps its spelling."""
    assert expected == redact_url(url)


@pytest.mark.parametrize(("text", "expected"), CASES["texts"])
def test_text(text: str, expected: str) -> None:
    """Keys are known by their shape in running text."""
    assert expected == redact_text(text)


@given(st.text())
def test_any_url_can_be_redacted_and_twice_is_once(url: str) -> None:
    """No string raises, and redacting is idempotent."""
    once = redact_url(url)
    assert once == redact_url(once)
