"""`streamlab record`: one request, its stream printed live and kept."""

from typing import Annotated

import typer

from streamlab.cli._options import (
    DbOption,
    RedactHeaderOption,
    RedactJsonPathOption,
    RedactRegexOption,
)

__all__ = ["record"]


def record(
    db: DbOption = "streamlab.db",  # type: ignore[assignment]
    words: Annotated[
        list[str],
        typer.Argument(
            help="Where to send the request; or, after --, a command to run behind a proxy.",
            metavar="URL | -- CMD...",
            show_default=False,
        ),
    ] = [],  # noqa: B006 - typer copies it
    method: Annotated[
        str, typer.Option("-X", "--request", help="GET, or POST if there is a body.")
    ] = "",
    header: Annotated[
        list[str] | None, typer.Option("-H", "--header", help='A header, "Name: value".')
    ] = None,
    body: Annotated[
        str | None,
        typer.Option("-d", "--json-body", help="The JSON body; @FILE reads it, @- from stdin."),
    ] = None,
    chat: Annotated[
        str | None, typer.Option("--chat", help="Ask an OpenAI-compatible API this.")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="The model to ask, with --chat.")] = "",
    base_url: Annotated[
        str,
        typer.Option("--base-url", envvar="OPENAI_BASE_URL", help="The API's base, with --chat."),
    ] = "https://api.openai.com/v1",
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="The longest answer, with --chat.", min=1)
    ] = None,
    from_curl: Annotated[
        str | None,
        typer.Option("--from-curl", help="A curl command to do; @FILE reads it, @- from stdin."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="A name for the recording.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")] = None,
    silence_s: Annotated[
        float,
        typer.Option("--timeout", help="Seconds of silence to give up after.", min=0.001),
    ] = 120.0,
    first_byte_s: Annotated[
        float | None,
        typer.Option(
            "--first-byte-timeout",
            help="Seconds to wait for the response; as --timeout if not given.",
            min=0.001,
        ),
    ] = None,
    connect_s: Annotated[
        float | None,
        typer.Option(
            "--connect-timeout",
            help="Seconds to wait for the connection; as --timeout if not given, 10 at most.",
            min=0.001,
        ),
    ] = None,
    repeat: Annotated[
        int, typer.Option("--repeat", help="Send it so often, and list the recordings.", min=1)
    ] = 1,
    concurrency: Annotated[
        int, typer.Option("--concurrency", help="So many at once, with --repeat.", min=1)
    ] = 1,
    redact_header: RedactHeaderOption = None,
    redact_json_path: RedactJsonPathOption = None,
    redact_regex: RedactRegexOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the bytes as they come.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Do not print the stream.")] = False,
) -> None:
    """Send one request and record its stream, or record all streams of a command.

    The text of the stream is printed as it comes. Exit code 1 if the stream did not end well, or
    that of the command.
    """
    import signal

    from streamlab.cli._live import LivePrinter, close_recording
    from streamlab.cli._redaction import parse_redaction
    from streamlab.cli._request import chat_request, curl_request, is_command, plain_request
    from streamlab.record.once import Options, record_once
    from streamlab.store import Library

    redact = parse_redaction(redact_header, redact_json_path, redact_regex)
    if is_command(words):
        from streamlab.cli._command import record_command

        raise typer.Exit(record_command(words, db, tags=tuple(tag or ()), redact=redact))
    url = words[0] if words else ""
    if from_curl is not None:
        _refuse_with_curl(url, method, header, body, chat)
        request = curl_request(from_curl)
    elif chat is None:
        request = plain_request(url, method, header or [], body)
    else:
        request = chat_request(url or base_url, chat, model, max_tokens, header or [])
    options = Options(
        name=name,
        tags=tuple(tag or ()),
        connect_s=connect_s,
        first_byte_s=first_byte_s,
        silence_s=silence_s,
        redact=redact,
    )
    # Each means that our side hangs up, which is an end like any other.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if repeat > 1:
        from streamlab.cli._repeat import record_many

        code = record_many(request, db, options=options, repeat=repeat, concurrency=concurrency)
        raise typer.Exit(code)
    printer = LivePrinter(request.url, raw=raw, quiet=quiet)
    with Library(db, create=True) as library, library.open_writer() as writer:
        recording = record_once(request, writer, options=options, listener=printer)
    printer.close(recording)
    raise typer.Exit(close_recording(recording, db))


def _refuse_with_curl(*others: object) -> None:
    from streamlab.errors import InputError

    if any(others):
        hint = "put the URL, headers and body into the command"
        raise InputError("--from-curl is the whole request", hint)
