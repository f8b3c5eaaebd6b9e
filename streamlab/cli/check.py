"""`streamlab check`: what is wrong with streams, as a linter says it."""

from typing import Annotated, Literal

import typer

from streamlab.cli._options import DbOption

__all__ = ["check"]


def check(
    which: Annotated[
        list[str],
        typer.Argument(
            help="Id, beginning of an id, name, `latest`, or a file: a cassette, or anything that "
            "`import` takes.",
            metavar="WHICH...",
        ),
    ] = ["latest"],  # noqa: B006 - typer copies it
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    fail_on: Annotated[
        Literal["error", "warning", "info"],
        typer.Option("--fail-on", help="Exit 1 for a finding of this severity, or a worse one."),
    ] = "error",
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select", help="Only these rules: SL3,SL401,bom; may be repeated.", metavar="RULES"
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", help="Not these rules; may be repeated.", metavar="RULES"),
    ] = None,
    severity: Annotated[
        list[str] | None,
        typer.Option(
            "--severity", help="Such as SL420=error; may be repeated.", metavar="RULE=SEVERITY"
        ),
    ] = None,
    client: Annotated[
        str,
        typer.Option(
            "--client",
            help="Say instead what these clients would see, or `all` (docs/clients.md lists them).",
            metavar="NAME,NAME",
        ),
    ] = "",
    form: Annotated[
        Literal["text", "json", "github", "sarif"],
        typer.Option("--format", help="github: annotations of GitHub Actions; sarif: SARIF 2.1.0."),
    ] = "text",
    stall_ms: Annotated[
        float, typer.Option("--stall-ms", help="A silence above this is a stall.", min=0)
    ] = 500.0,
    first_byte_ms: Annotated[
        float,
        typer.Option("--first-byte-ms", help="A response head later than this is slow.", min=0),
    ] = 10_000.0,
    first_token_ms: Annotated[
        float,
        typer.Option("--first-token-ms", help="A first output later than this is slow.", min=0),
    ] = 30_000.0,
    hang_ms: Annotated[
        float,
        typer.Option("--hang-ms", help="A connection open for longer after the end hangs.", min=0),
    ] = 2_000.0,
    burst_ms: Annotated[
        float,
        typer.Option(
            "--burst-ms", help="All output in one read later than this is a burst.", min=0
        ),
    ] = 1_000.0,
    line_bytes: Annotated[
        int, typer.Option("--line-bytes", help="A longer line is too long.", min=1)
    ] = 65_536,
) -> None:
    """Say what is wrong with streams. docs/findings.md explains the rules.

    Exit code 1 if there is a finding that `--fail-on` asks about; with `--client`, if one of the
    clients would not see the whole.
    """
    from streamlab.cli._check import check_all, print_checked, read_rules, read_severities
    from streamlab.finding import Limits, rank

    if client:
        from streamlab.cli._check_client import check_clients

        raise typer.Exit(0 if check_clients(which, db, client, form) else 1)
    limits = Limits(
        stall_ns=round(stall_ms * 1e6),
        first_byte_ns=round(first_byte_ms * 1e6),
        first_token_ns=round(first_token_ms * 1e6),
        hang_ns=round(hang_ms * 1e6),
        burst_ns=round(burst_ms * 1e6),
        line_bytes=line_bytes,
    )
    checked = check_all(
        which,
        db,
        limits=limits,
        severities=read_severities(severity or []),
        select=read_rules(select or []),
        ignore=read_rules(ignore or []),
    )
    print_checked(checked, form)
    worst = min((rank(f.severity) for each in checked for f in each.findings), default=None)
    raise typer.Exit(1 if worst is not None and worst <= rank(fail_on) else 0)
