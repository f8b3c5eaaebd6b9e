"""How long does it take to read what a tool has stored, into its own objects? A line of JSON.

    python bench/load_store.py TOOL FILE TIMES

runs with the interpreter that has the tool. The seconds of each time, and how many streams came.
"""

import json
import sys
import time


def _streamlab(path):
    from streamlab import Library  # noqa: PLC0415 - one of many

    with Library(path) as library:
        return len(library.load_all(library.ids()))


def _cassette(path):
    from streamlab import read_cassette  # noqa: PLC0415 - one of many

    return len(read_cassette(path))


def _reel(path):
    from reel.cassette.reader import CassetteReader  # noqa: PLC0415 - one of many

    return len(CassetteReader(path).load_all())


def _mitmproxy(path):
    from pathlib import Path  # noqa: PLC0415 - one of many

    from mitmproxy.io import FlowReader  # noqa: PLC0415 - one of many

    with Path(path).open("rb") as file:
        return sum(1 for _ in FlowReader(file).stream())


def _vcrpy(path):
    from vcr.cassette import Cassette  # noqa: PLC0415 - one of many

    return len(Cassette.load(path=path))


def _cassetter(path):
    from cassetter._core import Cassette  # noqa: PLC0415 - one of many

    return len(Cassette.load(path).interactions)


LOADERS = {
    "streamlab": _streamlab,
    "streamlab, cassette": _cassette,
    "reel": _reel,
    "mitmproxy": _mitmproxy,
    "vcrpy": _vcrpy,
    "cassetter": _cassetter,
}


def main(tool, path, times):
    """Print what it took. The first time, with the imports, is not told."""
    seconds = []
    for _ in range(int(times) + 1):
        start_s = time.perf_counter()
        streams = LOADERS[tool](path)
        seconds.append(time.perf_counter() - start_s)
    print(json.dumps({"seconds": seconds[1:], "streams": streams}))


if __name__ == "__main__":
    main(*sys.argv[1:])
