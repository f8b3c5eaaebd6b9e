"""Which model a request asks for, to whoever wants to know."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlab.dialect import asked_model
from streamlab.recording import Request
from streamlab.replay import Catalog
from tests.conftest import json_lines


@pytest.mark.parametrize("case", json_lines("asked_model_cases.jsonl"), ids=lambda c: c["url"])
def test_the_model_that_a_request_asks_for(case: dict[str, Any]) -> None:
    """In the body, or where some APIs have it in the path; a catalog says the same."""
    body = case["body"].encode("utf-8")
    request = Request(method="POST", url=case["url"], body=body)
    assert case["model"] == asked_model(request)
    assert case["model"] == Catalog().key("POST", case["url"], body).model


@given(st.binary(max_size=80), st.text(max_size=40))
def test_any_request_asks_for_some_model_or_none(body: bytes, url: str) -> None:
    """No body and no URL is too odd."""
    model = asked_model(Request(method="POST", url=url, body=body))
    assert model is None or model.encode()
