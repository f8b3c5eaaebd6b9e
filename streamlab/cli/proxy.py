"""`streamlab proxy`: a recording reverse proxy."""

from typing import Annotated

import typer

from streamlab.cli._options import (
    DbOption,
    RedactHeaderOption,
    RedactJsonPathOption,
    RedactRegexOption,
)

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
    connect_s: Annotated[
        float,
        typer.Option(
            "--connect-timeout", help="Seconds to wait for an upstream's connection.", min=0.001
        ),
    ] = 10.0,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")] = None,
    redact_header: RedactHeaderOption = None,
    redact_json_path: RedactJsonPathOption = None,
    redact_regex: RedactRegexOption = None,
) -> None:
    """Record everything that goes through: point a program's base URL here.

    The URL is printed on stdout; Ctrl-C stops.
    """
    from streamlab.cli._proxy import run_proxy
    from streamlab.cli._redaction import parse_redaction
    from streamlab.errors import InputError
    from streamlab.record.upstream import parse_upstreams

    upstreams = parse_upstreams(upstream)
    redact = parse_redaction(redact_header, redact_json_path, redact_regex)
    if keep_encoding and redact.has_body_rules:
        hint = "leave out --keep-encoding, and the upstream is asked for plain bodies"
        raise InputError("what comes compressed cannot be redacted", hint)
    run_proxy(
        upstreams,
        db,
        host=host,
        port=port,
        keep_encoding=keep_encoding,
        connect_s=connect_s,
        tags=tuple(tag or ()),
        redact=redact,
    )
