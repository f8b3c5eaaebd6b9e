"""Runs all benchmarks and writes a Markdown table to stdout.

Run: python bench/run.py
"""

import os
import platform
import sys
import time

import analyze
import decoder
import embed
import fidelity
import instant
import lateness
import pytest_suite
import startup
import store
import transport

BENCHMARKS = (
    fidelity, lateness, instant, decoder, startup, embed, store, transport, analyze, pytest_suite,
)  # fmt: skip


def main() -> None:
    """The machine, then a row per figure as it is measured."""
    start_s = time.perf_counter()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.platform()}\n")
    print("| benchmark | what | measured | how |\n|---|---|---|---|")
    for benchmark in BENCHMARKS:
        for figure in benchmark.measure():
            cells = (benchmark.__name__, figure.what, figure.value, figure.note)
            print(f"| {' | '.join(cells)} |", flush=True)
    print(f"{time.perf_counter() - start_s:.0f} s in all", file=sys.stderr)


if __name__ == "__main__":
    main()
