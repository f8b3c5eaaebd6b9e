"""Finding a Chromium, and what is said where there is none."""

from pathlib import Path

import pytest

from tests.clients import chromium

pytestmark = pytest.mark.clients


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any browser; its PATH."""
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "MACOS_APPS", ())
    return tmp_path


def test_chrome_names_it(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any other that is there."""
    google = bare / "google-chrome"
    google.touch(0o755)
    assert str(google) == chromium.find_chromium()
    monkeypatch.setenv("CHROME", "/opt/mine")
    assert "/opt/mine" == chromium.find_chromium()


def test_without_any_it_says_what_to_install(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And does not fail: the other clients can be tested all the same."""
    assert None is chromium.find_chromium()
    chromium.main()
    assert "apt-get install chromium" in capsys.readouterr().err


def test_root_on_debian_installs_it(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody need be asked there; others are told what to do."""
    apt = bare / "apt-get"
    apt.write_text(f"#!/bin/sh\necho $* >> {bare}/asked\n")
    apt.chmod(0o755)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    chromium.main()
    assert not (bare / "asked").exists()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    chromium.main()
    asked = (bare / "asked").read_text().splitlines()
    assert ["-qq update", "-qq install -y --no-install-recommends chromium"] == asked
