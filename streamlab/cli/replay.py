"""`streamlab replay`: recordings as a live endpoint."""

from functools import partial
from typing import Annotated, Literal

import typer

from streamlab.cli._options import DbOption, TlsCertOption, TlsKeyOption, WhichListArgument

__all__ = ["replay"]

# Those of `replay.match` and `record_mode`, which --help must not wait for.
_Match = Literal["auto", "body", "path", "model", "sequence", "latest"]
_RecordMode = Literal["none", "once", "new_episodes", "all", "rewrite"]


def replay(
    ctx: typer.Context,
    which: WhichListArgument = [],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    host: Annotated[
        str, typer.Option("--host", help="The address to bind; beyond loopback others can connect.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            help="The port; 0 takes a free one.",
            min=0,
            max=65535,
            show_default="8000; for a command a free one",
        ),
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", help="realtime, instant, or a factor such as 10x or 0.5x.")
    ] = "realtime",
    ttft_ms: Annotated[
        float | None, typer.Option("--ttft-ms", help="Untimed ones: the wait for the first read.")
    ] = None,
    itl_ms: Annotated[
        float | None, typer.Option("--itl-ms", help="Untimed ones: the wait between two reads.")
    ] = None,
    tps: Annotated[
        float | None, typer.Option("--tps", help="Instead of --itl-ms: reads a second.")
    ] = None,
    jitter: Annotated[
        float | None, typer.Option("--jitter", help="The largest deviation of a wait; 0.2 is 20 %.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Draws other deviations.")] = 0,
    match: Annotated[
        _Match | None,
        typer.Option(
            "--match",
            help="How a request finds its recording; auto, or body where misses are recorded.",
        ),
    ] = None,
    ignored: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore-json-path",
            help="Leave this out when bodies are compared, such as $..seed; may be repeated.",
            metavar="PATH",
        ),
    ] = None,
    record_mode: Annotated[
        _RecordMode | None,
        typer.Option(
            "--record-mode",
            help="Which requests go to the upstream: none, or new_episodes with --upstream.",
        ),
    ] = None,
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            "--upstream", help="URL of the API to record, or PREFIX=URL; may be repeated."
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Break answers; may be repeated.", metavar="SPEC"),
    ] = None,
    no_control: Annotated[
        bool, typer.Option("--no-control", help="Without the API under /__streamlab/.")
    ] = False,
    api_key: Annotated[
        str | None, typer.Option("--api-key", help="Answer 401 to requests without this key.")
    ] = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
) -> None:
    """Serve recordings (all, if none is named) as the endpoint they were recorded from.

    Any recorded route is answered, and GET /v1/models. The URL is printed on stdout; Ctrl-C stops.
    With --upstream, what no recording answers is asked of the real API, and recorded.
    Recordings without times (tagged `untimed`, see `import`) come at once, or at a pace made up.
    A SPEC says how answers are broken on purpose, such as truncate:after=3 (see docs/faults.md).
    A command after -- is run for as long as it lasts, with the base URLs of its SDKs pointing here.
    """
    from streamlab.cli._pace import at_pace, parse_pace
    from streamlab.cli._record_mode import narrated_live, parse_upstream, select_recorded
    from streamlab.cli._serve import (
        Serving,
        select_served,
        serve_command,
        serve_until_stopped,
    )
    from streamlab.cli._tls import parse_tls
    from streamlab.replay import Catalog
    from streamlab.replay.speed import parse_speed

    pace = parse_pace(ttft_ms=ttft_ms, itl_ms=itl_ms, tps=tps, jitter=jitter, seed=seed)
    mode = record_mode or ("new_episodes" if upstream else "none")
    upstreams = parse_upstream(mode, upstream or ())
    selected = select_served(which, db) if mode == "none" else select_recorded(which, db)
    # With `auto` any recording of the route would do, and only the first request would be a miss.
    match = match or ("auto" if mode == "none" else "body")
    catalog = Catalog(at_pace(selected, pace), match=match, ignored=ignored or ())
    serving = partial(
        Serving,
        catalog=catalog,
        speed=parse_speed(speed, option="--speed"),
        faults=fault or (),
        has_control=not no_control,
        api_key=api_key,
        host=host,
        port=(0 if ctx.args else 8000) if port is None else port,
        tls=parse_tls(tls_cert, tls_key),
    )
    with narrated_live(mode, upstreams, db, catalog) as live:
        if ctx.args:
            raise typer.Exit(serve_command(serving(live=live), ctx.args))
        serve_until_stopped(serving(live=live))
