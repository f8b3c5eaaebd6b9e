"""`streamlab proxy`: a recording reverse proxy."""

from typing import Annotated

import typer

from streamlab.cli._options import DbOption, TlsCertOption, TlsKeyOption

__all__ = ["proxy"]


def proxy(
    upstream: Annotated[
        list[str],
        typer.Option("--upstream", help="URL of the API, or PREFIX=URL; may be repeated."),
    ],
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    host: Annotated[
        str, typer.Option("--host", help="The address to bind; beyond loopback others can connect.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="The port; 0 takes a free one.", min=0, max=65535)
    ] = 8001,
    keep_encoding: Annotated[
        bool, typer.Option("--keep-encoding", help="Let responses come compressed.")
    ] = False,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")] = None,
    tls_cert: TlsCertOption = None,
    tls_key: TlsKeyOption = None,
) -> None:
    """Record everything that goes through: point a program's base URL here.

    The URL is printed on stdout; Ctrl-C stops.
    """
    from streamlab.cli._proxy import run_proxy
    from streamlab.cli._tls import parse_tls
    from streamlab.record.upstream import parse_upstreams

    upstreams = parse_upstreams(upstream)
    tls = parse_tls(tls_cert, tls_key)
    tags = tuple(tag or ())
    run_proxy(upstreams, db, host=host, port=port, tls=tls, keep_encoding=keep_encoding, tags=tags)
