"""A headless Chromium for the browser's clients: found, or installed where nobody need be asked.

`python tests/clients/chromium.py` does the latter: as root on Debian, by apt-get.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
HINT = (
    "no Chromium: install it (Debian: apt-get install chromium; macOS: brew install --cask "
    "google-chrome), or set CHROME to its path"
)


def find_chromium() -> str | None:
    """The path in CHROME, or of the first one that is installed."""
    if chosen := os.environ.get("CHROME"):
        return chosen
    found = [path for name in NAMES if (path := shutil.which(name))]
    found += [path for path in MACOS_APPS if Path(path).exists()]
    return found[0] if found else None


def main() -> None:
    if find_chromium():
        return
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        print(HINT, file=sys.stderr)
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *arguments], env=environment, check=False)


if __name__ == "__main__":
    main()
