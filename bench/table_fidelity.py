"""1: fidelity. Is a replay what was recorded, and does the stream's end come back?

Run: python bench/table_fidelity.py [--quick] [--peers]
"""

import json
import subprocess
import sys
import tempfile
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from pathlib import Path

import odd_stream
from harness import MS, PATH
from odd_stream import CASES
from peers import AIMOCK, program
from process import Command, free_port, running
from table import OURS, Column, Section, Table, percentile, print_section
from tools import (
    STREAMLAB,
    Tool,
    aimock_recorder,
    contestants,
    mitmproxy_recorder,
    reel_recorder,
    streamlab_proxy,
)

_HERE = Path(__file__).parent
_DIRECT = "no tool, the upstream once more"
_OURS_INSIDE = f"{OURS}, transports"
_HOW = """
An upstream of bare sockets sends eleven reads, with pauses of 25 to 120 ms: comments, events that
end in CRLF, `id` and `retry`, an event in two reads that are cut within a character, two events in
one read, a chunk of broken JSON, `[DONE]`. It does so three times: the stream ends well, is cut
(the connection is closed without HTTP's last chunk), is reset. Each tool records all three, and is
then asked for them again, by the same client (httpx). What came is compared with what the upstream
sent: *events* that are equal in type and data (as JSON, where they are) and in their order; the
*text* of all events put together; the *bytes*; the *reads*, which must be cut at the same places;
the error of the *gaps* between equal events, and the time from the first event to the last as a
share of the upstream's (1 is right). A tool *keeps* a cut or a reset if its replay ends with the
same exception after the same bytes. *Live* is who had passed the first event on before the
upstream sent the second. {rounds} rounds of recording and replaying, in which the tools take
turns; in brackets the least and the most of them.

Options: aimock `--record --provider-openai`; reel `record`, `replay --timing realtime`; mitmproxy
with `--server-replay` of what it recorded with bodies and `connection_strategy=lazy` (streaming,
it keeps none); vcrpy and cassetter in the client's process, requests matched with their bodies.
"""
_COLUMNS = (
    Column("live", "yes"),
    Column("events kept, of 9", "more"),
    Column("text", "yes"),
    Column("bytes", "yes"),
    Column("reads kept, of 11", "more"),
    Column("lost"),
    Column("gap error p50, ms", "less"),
    Column("gap error max, ms", "less"),
    Column("first to last event"),
    Column("a cut", "yes"),
    Column("a reset", "yes"),
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the client got: reads and their times, and how the stream ended for it."""

    status: int
    end: str
    at_ns: list[int]
    reads: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.reads)


@dataclass(frozen=True, slots=True)
class _Recorder:
    """A tool that records and replays: in the client's process, or as servers."""

    name: str
    program: Path
    inside: str = "none"
    record: Callable[[str, int, Path], Tool] | None = None
    replay: Callable[[int, Path], Command] | None = None


def _replay_of_streamlab(port: int, folder: Path) -> Command:
    return [*STREAMLAB, "replay", "--db", folder / "bench.db", "--port", str(port)]


def _replay_of_aimock(port: int, folder: Path) -> Command:
    return [AIMOCK, "-f", folder / "recorded", "-p", str(port), "--log-level", "silent"]


def _replay_of_reel(port: int, folder: Path) -> Command:
    return [program("reel", "reel"), "replay", "-c", folder / "reel.jsonl", "-p", str(port)]


def _replay_of_mitmproxy(port: int, folder: Path) -> Command:
    # The upstream's name is part of what is compared; nobody listens there any more.
    upstream = (folder / "upstream").read_text("utf-8")
    mode = ["--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1", "-p", str(port)]
    replay = ["--server-replay", folder / "flows", "--set", "server_replay_extra=404"]
    # By default it connects to the upstream before it looks for a recording.
    lazy = ["--set", "connection_strategy=lazy"]
    return [program("mitmproxy", "mitmdump"), "-q", *mode, *replay, *lazy]


RECORDERS = (
    _Recorder(OURS, Path(sys.executable), record=streamlab_proxy, replay=_replay_of_streamlab),
    _Recorder(_OURS_INSIDE, Path(sys.executable), inside="streamlab"),
    _Recorder("aimock", AIMOCK, record=aimock_recorder, replay=_replay_of_aimock),
    _Recorder("reel", program("reel"), record=reel_recorder, replay=_replay_of_reel),
    _Recorder(
        "mitmproxy", program("mitmproxy"), record=mitmproxy_recorder, replay=_replay_of_mitmproxy
    ),
    _Recorder("vcrpy", program("vcrpy"), inside="vcrpy"),
    _Recorder("cassetter", program("cassetter"), inside="cassetter"),
)


def measure(*, quick: bool = False, peers: bool = True) -> Section:
    """The table, all tools in it."""
    rounds, pace = (1, 4.0) if quick else (2, 1.0)
    table = Table("A stream recorded and replayed", _COLUMNS)
    table.row(_DIRECT, ground=True)
    recorders = [each for each in RECORDERS if peers or each.name.startswith(OURS)]
    installed = contestants([table], [Tool(each.name, [each.program]) for each in recorders])
    names = {tool.name for tool in installed}
    for _ in range(rounds):
        ends = _measure_direct(table, pace)
        for recorder in recorders:
            if recorder.name in names:
                with table.attempt(recorder.name), tempfile.TemporaryDirectory() as folder:
                    _measure(recorder, table, Path(folder), ends, pace)
    return Section("1. Fidelity", _HOW.format(rounds=rounds), [table])


def _measure_direct(table: Table, pace: float) -> dict[str, str]:
    """How each case ends for the client. That is what a replay has to do to it, too."""
    with odd_stream.served(pace) as upstream:
        before = _ask_for_all(RECORDERS[0], "record", Path(), upstream.url)
        ends = {case: answer.end for case, answer in before.items()}
        sent_ns = dict(upstream.sent_ns)
        after = _ask_for_all(RECORDERS[0], "replay", Path(), upstream.url)
    _compare(table, _DIRECT, sent_ns, after, ends)
    return ends


def _measure(
    recorder: _Recorder, table: Table, folder: Path, ends: dict[str, str], pace: float
) -> None:
    with odd_stream.served(pace) as upstream:
        (folder / "upstream").write_text(upstream.url, "utf-8")
        with _recording(recorder, upstream.url, folder) as url:
            first = _ask_for_all(recorder, "record", folder, url)
        sent_ns = dict(upstream.sent_ns)
    live = bool(first["whole"].at_ns) and first["whole"].at_ns[0] < sent_ns["whole"][1]
    table.say(recorder.name, "live", "yes" if live else "no")
    with _replaying(recorder, url, folder) as url_of_replay:
        again = _ask_for_all(recorder, "replay", folder, url_of_replay)
    _compare(table, recorder.name, sent_ns, again, ends)


@contextmanager
def _recording(recorder: _Recorder, upstream_url: str, folder: Path) -> Iterator[str]:
    """Where to ask for what is to be recorded."""
    if recorder.record is None:
        yield upstream_url
        return
    port = free_port()
    with running(recorder.record(upstream_url, port, folder).command, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _replaying(recorder: _Recorder, recorded_url: str, folder: Path) -> Iterator[str]:
    """Where to ask for it again. The upstream is gone."""
    if recorder.replay is None:
        yield recorded_url
        return
    port = free_port()
    with running(recorder.replay(port, folder), port):
        yield f"http://127.0.0.1:{port}"


def _ask_for_all(recorder: _Recorder, mode: str, folder: Path, url: str) -> dict[str, _Answer]:
    """The answer of each case, to one client that asks for them one after the other."""
    python = recorder.program if recorder.inside in {"vcrpy", "cassetter"} else sys.executable
    store = folder / ("inside.db" if recorder.inside == OURS else "inside.yaml")
    bodies = json.dumps([odd_stream.request_body(case) for case in CASES])
    command = [python, _HERE / "stream_client.py", recorder.inside, mode, store, url + PATH, bodies]
    ran = subprocess.run([*command, "reads"], check=True, capture_output=True, text=True)
    said = json.loads(ran.stdout.splitlines()[-1])
    return {case: _answer(**of) for case, of in zip(CASES, said["answers"], strict=True)}


def _answer(*, status: int, end: str, reads: list[tuple[int, str]], **_: object) -> _Answer:
    at_ns, data = [at_ns for at_ns, _ in reads], [b64decode(data) for _, data in reads]
    return _Answer(status, end, at_ns, data)


def _compare(
    table: Table, name: str, sent_ns: dict[str, list[int]], answers: dict[str, _Answer],
    ends: dict[str, str],
) -> None:  # fmt: skip
    whole = answers["whole"]
    sent = _Answer(200, "complete", sent_ns["whole"], list(odd_stream.READS))
    theirs, ours = odd_stream.frames(sent.body), odd_stream.frames(whole.body)
    pairs = _equal([frame for frame, _ in theirs], [frame for frame, _ in ours])
    table.add(name, "events kept, of 9", len(pairs))
    table.say(name, "text", "yes" if odd_stream.text(whole.body) == odd_stream.TEXT else "no")
    table.say(name, "bytes", "yes" if whole.body == sent.body else "no")
    table.add(name, "reads kept, of 11", sum(each in whole.reads for each in sent.reads))
    table.say(name, "lost", ", ".join(odd_stream.lost(whole.body)) or "nothing")
    before, after = _event_times_ns(sent), _event_times_ns(whole)
    errors_ms = _gap_errors_ms([(before[one], after[other]) for one, other in pairs])
    table.add(name, "gap error p50, ms", percentile(errors_ms, 0.5))
    table.add(name, "gap error max, ms", max(errors_ms, default=float("nan")))
    if len(after) > 1:
        span = (after[-1] - after[0]) / (before[-1] - before[0])
        table.add(name, "first to last event", span)
    for case, column in (("cut", "a cut"), ("reset", "a reset")):
        table.say(name, column, _kept(answers[case], ends[case]))


def _equal(theirs: list[odd_stream.Frame], ours: list[odd_stream.Frame]) -> list[tuple[int, int]]:
    """Which events of the one are which of the other."""
    blocks = SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    return [(one + n, other + n) for one, other, size in blocks for n in range(size)]


def _event_times_ns(answer: _Answer) -> list[int]:
    """When the read came that completed each event."""
    ends = list(accumulate(map(len, answer.reads)))
    return [answer.at_ns[bisect_left(ends, end)] for _, end in odd_stream.frames(answer.body)]


def _gap_errors_ms(times: list[tuple[int, int]]) -> list[float]:
    return [
        abs((late[1] - early[1]) - (late[0] - early[0])) / MS for early, late in pairwise(times)
    ]


def _kept(answer: _Answer, end: str) -> str:
    if not 200 <= answer.status < 300:
        return "no: not stored"
    if answer.end == end and answer.body == odd_stream.BODY:
        return "yes"
    ending = "ends well" if answer.end == "complete" else answer.end
    return f"no: {ending}" if answer.body else "no: empty"


if __name__ == "__main__":
    print_section(measure)
