"""`streamlab replay`: recordings as a live endpoint."""

from typing import Annotated, Literal

import typer

from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["replay"]

# Those of `replay.match` and `record_mode`, which --help must not wait for.
_Match = Literal["auto", "body", "path", "model", "sequence", "latest"]
_RecordMode = Literal["none", "once", "new_episodes", "all", "rewrite"]


def replay(
    which: WhichListArgument = [],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    host: Annotated[
        str, typer.Option("--host", help="The address to bind; beyond loopback others can connect.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="The port; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
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
) -> None:
    """Serve recordings (all, if none is named) as the endpoint they were recorded from.

    Any recorded route is answered, and GET /v1/models. The URL is printed on stdout; Ctrl-C stops.
    With --upstream, what no recording answers is asked of the real API, and recorded.
    Recordings without times (tagged `untimed`, see `import`) come at once, or at a pace made up.
    A SPEC says how answers are broken on purpose, such as truncate:after=3 (see docs/faults.md).
    """
    from streamlab.cli._pace import at_pace, parse_pace
    from streamlab.cli._serve import parse_speed, select_served, serve_until_stopped
    from streamlab.replay import Catalog

    factor = parse_speed(speed)
    pace = parse_pace(ttft_ms=ttft_ms, itl_ms=itl_ms, tps=tps, jitter=jitter, seed=seed)
    mode = record_mode or ("new_episodes" if upstream else "none")
    if mode == "none":
        recordings = at_pace(select_served(which, db), pace)
        catalog = Catalog(recordings, match=match or "auto", ignored=ignored or ())
        serve_until_stopped(catalog, speed=factor, faults=fault or (), host=host, port=port)
        return
    from streamlab.cli._record_mode import narrated_live, parse_upstream, select_recorded

    upstreams = parse_upstream(mode, upstream or ())
    recordings = at_pace(select_recorded(which, db), pace)
    # With `auto` any recording of the route would do, and only the first request would be a miss.
    catalog = Catalog(recordings, match=match or "body", ignored=ignored or ())
    with narrated_live(mode, upstreams, db, catalog) as live:
        serve_until_stopped(
            catalog, speed=factor, faults=fault or (), host=host, port=port, live=live
        )
