"""The HTML report in Chromium, used as a person uses it: offline, and on streams that mean harm."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from streamlab.cassette import read_cassette
from streamlab.report.page import html_report
from tests.clients.cast import VENV, chromium, node
from tests.conftest import FIXTURES
from tests.test_html_report import EVIL, evil_recording, report_on

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
NAMES = ("llama.cpp/concurrent-1", "llama.cpp/concurrent-3", "broken/relay")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a browser shows of a report, and what it did besides."""
    if not (VENV / ".installed").exists():
        pytest.skip("run `make test-clients`: it installs the clients")
    recordings = [each for name in NAMES for each in read_cassette(FIXTURES / f"{name}.jsonl")]
    reported = [report_on(recording) for recording in [*recordings, evil_recording()]]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_report(reported, title=EVIL, generated_at="2026-11-21"), "utf-8")
    command = [node(), HERE / "node" / "report_browser.mjs", chromium(), path]
    ran = subprocess.run(command, capture_output=True, check=True, timeout=120)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_it_is_quiet_and_asks_nobody(seen: dict[str, Any]) -> None:
    """No error, nothing that the policy refused, no request but for the file itself."""
    assert [] == seen["console"] == seen["requests"]


def test_harmful_text_is_text(seen: dict[str, Any]) -> None:
    """Nothing of it ran or became an element, and it can be read."""
    assert [] == seen["dialogs"]
    assert not {"img", "iframe", "a", "link"} & set(seen["elements"])
    shown = EVIL.replace("\x00", "␀").replace("\x1b", "␛")
    assert shown == seen["title"]
    assert shown in seen["texts"]


def test_it_is_light_or_dark_as_its_reader_is(seen: dict[str, Any]) -> None:
    """The page and its charts alike."""
    for scheme, is_dark in (("light", False), ("dark", True)):
        page, paper = seen["backgrounds"][scheme]
        assert page == paper
        assert is_dark == (page == "rgb(20, 24, 30)")


def test_pointing_tells_event_and_time(seen: dict[str, Any]) -> None:
    """In each of the four charts."""
    name, at, event, *_ = seen["tips"]["time-lines"]
    assert ("concurrent-1", "1.15 s") == (name, at)
    assert event.startswith("event ")
    assert any("at or below" in line for line in seen["tips"]["ttft"])
    assert any("at or below" in line for line in seen["tips"]["gaps"])
    assert any("events with output" in line for line in seen["tips"]["output"])


def test_a_drag_zooms_and_a_click_opens(seen: dict[str, Any]) -> None:
    """The axis gets other ticks, and its own again; the row's recording opens."""
    whole, zoomed, again = seen["ticks"]
    assert whole == again
    assert "0" in whole
    assert "0" not in zoomed
    assert len(zoomed) > 1
    assert ["recording-0"] == seen["opened"]
