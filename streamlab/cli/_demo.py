"""Walks through the demo and says what each step would be on the command line."""

from pathlib import Path

from streamlab.analysis import analyze
from streamlab.cli._console import narrate, print_text, show
from streamlab.cli._live import LivePrinter
from streamlab.demo import Demo, upstream_recording
from streamlab.finding import find
from streamlab.report import ListingView, analysis_view

__all__ = ["run_demo"]


def run_demo(db: Path) -> None:
    """Record, list, replay, analyze; each step printed as it happens."""
    demo = Demo(db)
    url = upstream_recording().request.url

    _step("record a stream (the upstream is embedded: a real server's stream at real speed)")
    _command("streamlab record --chat 'Explain in three sentences why the sky is blue.' …")
    live = demo.record_upstream(LivePrinter(url, raw=False, quiet=False))
    print_text("\n")

    _step("list what was recorded")
    _command("streamlab ls")
    show(ListingView(demo.summaries()))

    _step("replay it ten times as fast, to a client that asks as it would ask the real API")
    _command("streamlab replay --speed 10x")
    replayed = demo.record_replay(live, LivePrinter(url, raw=False, quiet=False))
    print_text("\n")

    _step("compare the two")
    _command("streamlab analyze live 'replayed at 10x'")
    show(analysis_view([analyze(live), analyze(replayed)], [find(live), find(replayed)]))

    same = [read.data for read in live.reads] == [read.data for read in replayed.reads]
    verdict = "byte for byte, read for read the same" if same else "DIFFERENT"
    narrate("\nthe replay was ", (verdict, "bold green" if same else "bold red"))


def _step(title: str) -> None:
    narrate("\n", (f"── {title}", "bold"))


def _command(command: str) -> None:
    narrate(("$ ", "dim"), (command, "cyan"))
