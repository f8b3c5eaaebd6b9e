"""How long until a verb has done its work? Wall time of whole processes, and what they import.

Run: python bench/startup.py

`streamlab --help`, `ls` and `analyze` on a library of 20 recordings, beside a Python that does
nothing; they take turns.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import packages_distributions
from pathlib import Path

from harness import MS, Figure, print_figures, stream

from streamlab.store import Library

REPEATS = 10
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "streamlab --help": ["-m", "streamlab", "--help"],
    "streamlab ls": ["-m", "streamlab", "ls"],
    "streamlab analyze": ["-m", "streamlab", "analyze"],
}


def measure() -> Iterator[Figure]:
    """The figures of this benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder))
        times_s: dict[str, list[float]] = {command: [] for command in COMMANDS}
        for _ in range(REPEATS):
            for command, arguments in COMMANDS.items():
                start_s = time.perf_counter()
                _run(arguments, folder)
                times_s[command].append(time.perf_counter() - start_s)
        for command, arguments in COMMANDS.items():
            figure = f"{statistics.median(times_s[command]) * 1000:.0f} ms"
            imports = ", ".join(_third_party(arguments, folder)) or "nothing"
            yield Figure(command, figure, f"median of {REPEATS}; third-party imports: {imports}")


def _fill(folder: Path) -> None:
    recording = stream(range(200 * MS, 4200 * MS, 20 * MS))
    with Library(folder / "streamlab.db", create=True) as library:
        library.add(replace(recording, id=f"bench{number:02}") for number in range(20))


def _run(arguments: list[str], folder: str) -> str:
    """What the process says on stderr."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stderr


def _third_party(arguments: list[str], folder: str) -> list[str]:
    """Packages that are not the standard library's and not ours, in the order of their import."""
    listing = _run(["-X", "importtime", *arguments], folder)
    names = re.findall(r"^import time:[^|]*\|[^|]*\| *(\w+)$", listing, re.MULTILINE)
    installed = packages_distributions().keys() - {"streamlab"}
    return list(dict.fromkeys(name for name in names if name in installed and name[0] != "_"))


if __name__ == "__main__":
    print_figures(measure)
