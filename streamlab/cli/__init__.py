"""The command line: one file per verb, each parses, calls the library once and renders."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path

import typer

from streamlab import __version__
from streamlab.cli._after_dashes import WithCommand
from streamlab.cli.analyze import analyze
from streamlab.cli.check import check
from streamlab.cli.compare import compare
from streamlab.cli.demo import demo
from streamlab.cli.doctor import doctor
from streamlab.cli.export import export
from streamlab.cli.import_ import import_
from streamlab.cli.ls import ls
from streamlab.cli.proxy import proxy
from streamlab.cli.record import record
from streamlab.cli.redact import redact
from streamlab.cli.reindex import reindex
from streamlab.cli.replay import replay
from streamlab.cli.report import report
from streamlab.cli.rm import rm
from streamlab.cli.show import show
from streamlab.errors import StreamlabError

__all__ = ["app", "main"]

app = typer.Typer(
    name="streamlab",
    help="Record, replay and debug the streams of LLM APIs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich in the help costs 100 ms of import
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streamlab {__version__}")
        raise typer.Exit


@app.callback()
def _streamlab(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show a traceback with an error."),
) -> None:
    """Record, replay and debug the streams of LLM APIs."""


app.command()(record)
app.command()(proxy)
app.command(cls=WithCommand)(replay)
app.command()(ls)
app.command()(show)
app.command()(analyze)
app.command()(check)
app.command()(compare)
app.command()(report)
app.command()(export)
app.command("import")(import_)
app.command()(rm)
app.command()(redact)
app.command()(reindex)
app.command()(doctor)
app.command()(demo)


def main() -> None:
    """The command `streamlab`. Exit code 0 clean, 1 findings, 2 wrong usage or failure."""
    _prepare_output()
    try:
        app()
    except StreamlabError as error:
        if "--debug" in sys.argv:
            raise
        from streamlab.cli._console import warn

        warn(error.message, error.hint)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # what a shell reports for SIGINT
    except BrokenPipeError:
        # Who reads our output has had enough; point stdout elsewhere so that its flush at exit
        # does not complain (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:  # a full disk behind stdout, mostly
        if "--debug" in sys.argv:
            raise
        from streamlab.cli._console import warn

        warn(f"cannot go on: {error}", "check where the output goes; what was recorded is safe")
        raise SystemExit(2) from None


def _prepare_output() -> None:
    """Make stdout and stderr take any text: closed ones go nowhere, narrow encodings escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            devnull = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, devnull)
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
