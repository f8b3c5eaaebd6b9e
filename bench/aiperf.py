"""Does another tool measure what streamlab measures? aiperf, through streamlab's recording proxy.

Run: python bench/aiperf.py

aiperf (`python bench/peers.py aiperf` installs it) asks a replay of a synthetic stream, the first
token after 200 ms and then one each 20 ms, through `streamlab proxy`. What it says of the time to
the first token and of the gaps between chunks is compared with what streamlab says of its
recordings of the same streams. It counts tokens with a tokenizer of a few words: those it has are
on the net.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness import MS, Figure, print_figures, stream
from peers import program
from process import Command, free_port, running

from streamlab import analyze
from streamlab.cassette import write_cassette
from streamlab.store import Library

AIPERF = program("aiperf", "aiperf")
REQUESTS = 20
CONCURRENCY = 1
_MAKE_TOKENIZER = """
import sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
made = Tokenizer(models.BPE(unk_token="?"))
made.pre_tokenizer = pre_tokenizers.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
trainer = trainers.BpeTrainer(special_tokens=["?"], initial_alphabet=alphabet, show_progress=False)
made.train_from_iterator(["the streams of words are recorded twice"], trainer)
PreTrainedTokenizerFast(tokenizer_object=made, unk_token="?").save_pretrained(sys.argv[1])
"""
EVENTS = 100


def measure() -> Iterator[Figure]:
    """The figures of this benchmark; none where aiperf is not installed."""
    if not AIPERF.exists():
        print("aiperf is not there: python bench/peers.py aiperf installs it", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = _run(folder)
        with Library(folder / "bench.db") as library:
            # aiperf also asks for metrics, which a replay has not.
            ids = [each.id for each in library.summaries() if each.method == "POST"]
            analyses = [analyze(library.load(each)) for each in ids]
    ours_ttft_ms = [each.ttft_ns / MS for each in analyses if each.ttft_ns is not None]
    ours_gaps_ms = [gap_ns / MS for each in analyses for gap_ns in each.gaps_ns]
    their_ttft_ms = theirs["time_to_first_token"]["p50"]
    their_gap_ms = theirs["inter_chunk_latency"]["avg"]
    counted = theirs["request_count"]["avg"]
    yield Figure("requests", f"{len(analyses)} recorded, {counted:.0f} counted by aiperf")
    chunks = {each.output_events for each in analyses}
    yield Figure("events with output of each stream", f"{chunks}")
    yield Figure(
        "TTFT, median",
        f"{statistics.median(ours_ttft_ms):.2f} ms, aiperf {their_ttft_ms:.2f} ms",
        f"{their_ttft_ms - statistics.median(ours_ttft_ms):+.2f} ms",
    )
    yield Figure(
        "gap between chunks, mean",
        f"{statistics.mean(ours_gaps_ms):.3f} ms, aiperf {their_gap_ms:.3f} ms",
        f"{their_gap_ms - statistics.mean(ours_gaps_ms):+.3f} ms",
    )


def _run(folder: Path) -> dict[str, dict[str, float]]:
    """What aiperf exports; streamlab's recordings of the same lie in `bench.db`."""
    cassette, replay_port, port = folder / "stream.jsonl", free_port(), free_port()
    at_ns = range(200 * MS, (200 + EVENTS * 20) * MS, 20 * MS)
    write_cassette(cassette, [stream(at_ns)])
    streamlab: Command = [sys.executable, "-m", "streamlab"]
    replay = [*streamlab, "replay", cassette, "--port", str(replay_port), "--match", "latest"]
    proxy = [*streamlab, "proxy", "--port", str(port), "--db", folder / "bench.db"]
    proxy += ["--upstream", f"http://127.0.0.1:{replay_port}"]
    client: Command = [
        AIPERF, "profile", "--model", "m", "--url", f"http://127.0.0.1:{port}",
        "--endpoint-type", "chat", "--streaming", "--tokenizer", folder / "tokenizer",
        "--request-count", str(REQUESTS), "--concurrency", str(CONCURRENCY),
        "--artifact-dir", folder / "artifacts",
    ]  # fmt: skip
    python = AIPERF.parent / "python"
    subprocess.run([python, "-c", _MAKE_TOKENIZER, folder / "tokenizer"], check=True)
    with running(replay, replay_port), running(proxy, port):
        environment = {**os.environ, "HOME": str(folder)}
        ran = subprocess.run(
            client, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    exports = list((folder / "artifacts").rglob("profile_export_aiperf.json"))
    if not exports:
        raise SystemExit(f"aiperf exported nothing:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
    exported: dict[str, dict[str, float]] = json.loads(exports[0].read_text("utf-8"))
    return exported


if __name__ == "__main__":
    print_figures(measure)
