"""The eight tables, ours and theirs in turns, into docs/benchmarks.md.

Run: python bench/run.py [--quick] [--peers] [--write]

`make bench` does so after it has installed the peers, in a quarter of an hour. `--quick`, which is
`make bench-quick`, checks the harness and not the speed: tiny sizes, ours only (with `--peers` also
theirs), a line per table, nothing written (with `--write`, a page that says what it is). Exit code
1 if a table has not come about.
"""

import sys
import time
import traceback

import document
import peers
import table_fidelity
import table_in_process
import table_instant
import table_paced
import table_parsing
import table_proxy
import table_startup
import table_store
from process import start_as_users_do
from quiet import awake
from table import Section

TABLES = (
    table_fidelity, table_paced, table_instant, table_proxy, table_in_process, table_parsing,
    table_startup, table_store,
)  # fmt: skip


def main(*, quick: bool, with_peers: bool, write: bool) -> int:
    """Measure, tell, and write; the exit code."""
    start_as_users_do()
    if with_peers:
        peers.install()
    start_s, load = time.perf_counter(), document.load_average()
    with awake():
        sections = [section for table in TABLES if (section := _measure(table, quick, with_peers))]
    took_s = time.perf_counter() - start_s
    print(f"{took_s:.0f} s in all", file=sys.stderr)
    is_whole = len(sections) == len(TABLES) and all(
        table.is_measured() for section in sections for table in section.tables
    )
    if write:
        document.write(sections, took_s=took_s, load=load, quick=quick)
    return 0 if is_whole else 1


def _measure(table, quick: bool, with_peers: bool) -> Section | None:
    """One that fails costs its own section; the others are worth having."""
    start_s = time.perf_counter()
    try:
        section: Section = table.measure(quick=quick, peers=with_peers)
    except Exception:
        traceback.print_exc()
        return None
    rows = ", ".join(section.tables[0].rows)
    state = "measured" if all(each.is_measured() for each in section.tables) else "NOT MEASURED"
    took_s = time.perf_counter() - start_s
    print(f"{section.title}: {state}, {rows}, {took_s:.0f} s", flush=True)
    return section


if __name__ == "__main__":
    is_quick = "--quick" in sys.argv
    sys.exit(
        main(
            quick=is_quick,
            with_peers=not is_quick or "--peers" in sys.argv,
            write=not is_quick or "--write" in sys.argv,
        )
    )
