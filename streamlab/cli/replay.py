"""`streamlab replay`: recordings as a live endpoint."""

from typing import Annotated

import typer

from streamlab.cli._options import DbOption, WhichListArgument

__all__ = ["replay"]


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
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Break answers; may be repeated.", metavar="SPEC"),
    ] = None,
) -> None:
    """Serve recordings (all, if none is named) as the endpoint they were recorded from.

    Any recorded route is answered, and GET /v1/models. The URL is printed on stdout; Ctrl-C stops.
    Recordings without times (tagged `untimed`, see `import`) come at once, or at a pace made up.
    A SPEC says how answers are broken on purpose, such as truncate:after=3 (see docs/faults.md).
    """
    from streamlab.cli._pace import at_pace, parse_pace
    from streamlab.cli._serve import parse_speed, select_served, serve_until_stopped

    factor = parse_speed(speed)
    pace = parse_pace(ttft_ms=ttft_ms, itl_ms=itl_ms, tps=tps, jitter=jitter, seed=seed)
    recordings = at_pace(select_served(which, db), pace)
    serve_until_stopped(recordings, speed=factor, faults=fault or (), host=host, port=port)
