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
) -> None:
    """Serve recordings (all, if none is named) as the endpoint they were recorded from.

    Any recorded route is answered, and GET /v1/models. The URL is printed on stdout; Ctrl-C stops.
    """
    from streamlab.cli._serve import parse_speed, select_served, serve_until_stopped

    factor = parse_speed(speed)
    serve_until_stopped(select_served(which, db), speed=factor, host=host, port=port)
