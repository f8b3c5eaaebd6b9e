"""The request that the options of `record` describe."""

import json
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from streamlab.errors import InputError
from streamlab.recording import Header, Request, header_value

__all__ = ["chat_request", "curl_request", "is_command", "plain_request"]

_JSON = ("Content-Type", "application/json")


def is_command(words: list[str]) -> bool:
    """Whether these are a command and its arguments, and not a URL. InputError for several URLs."""
    if not words or "://" in words[0]:
        if len(words) > 1:
            raise InputError("one URL at a time", "a command goes after --")
        return False
    return len(words) > 1 or shutil.which(words[0]) is not None


def plain_request(url: str, method: str, headers: list[str], body: str | None) -> Request:
    """A request as curl would take it, but for the body: it is JSON. InputError if it is not."""
    if not url:
        raise InputError("no URL to record", "give one, or ask a chat API with --chat PROMPT")
    pairs = _headers(headers)
    content = b"" if body is None else _json_body(body)
    if body is not None and header_value(pairs, "content-type") is None:
        pairs = (_JSON, *pairs)
    chosen = method.upper() or ("GET" if body is None else "POST")
    return Request(method=chosen, url=url, headers=pairs, body=content)


def chat_request(
    url: str, prompt: str, model: str, max_tokens: int | None, headers: list[str]
) -> Request:
    """A streaming chat completion, with usage. OPENAI_API_KEY authorizes it if it is set."""
    if not model:
        raise InputError("--chat needs a model", "name one with --model")
    if not urlsplit(url).path.endswith("/chat/completions"):
        url = url.rstrip("/") + "/chat/completions"
    content: dict[str, object] = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if max_tokens is not None:
        content["max_tokens"] = max_tokens
    pairs = (_JSON, ("Accept", "text/event-stream"), *_headers(headers))
    key = os.environ.get("OPENAI_API_KEY")
    if key and header_value(pairs, "authorization") is None:
        pairs = (*pairs, ("Authorization", f"Bearer {key}"))
    body = json.dumps(content, ensure_ascii=False).encode()
    return Request(method="POST", url=url, headers=pairs, body=body)


def curl_request(command: str) -> Request:
    """The request of a curl command. What of it is not followed is said on stderr."""
    from streamlab.cli._console import narrate
    from streamlab.interop.curl import parse_curl
    from streamlab.report import one_line

    text = command
    if command.startswith("@"):
        text = _content(command)[0].decode("utf-8", "surrogateescape")
    asked = parse_curl(text, variables=os.environ, read_file=lambda name: _content(f"@{name}")[0])
    for note in asked.notes:
        narrate(one_line(f"note: {note}", 200))
    return asked.request


def _headers(headers: list[str]) -> tuple[Header, ...]:
    return tuple(map(_header, headers))


def _header(header: str) -> Header:
    name, colon, value = header.partition(":")
    if not colon or not name.strip():
        raise InputError(f"-H {header!r} is no header", 'write it as "Name: value"')
    return name.strip(), value.strip()


def _json_body(body: str) -> bytes:
    """The bytes of the body: as given, since spelling is evidence too, once they are seen to be
    JSON."""
    content, place = _content(body)
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        hint = "quote it for the shell ('{\"a\": 1}'), or put it into a file: -d @body.json"
        raise InputError(f"{place} is not JSON: {error}", hint) from error
    return content


def _content(body: str) -> tuple[bytes, str]:
    if body == "@-":
        return sys.stdin.buffer.read(), "the body from stdin"
    if not body.startswith("@"):
        return body.encode(), "the body of -d"
    try:
        return Path(body[1:]).read_bytes(), body[1:]
    except OSError as error:
        raise InputError(f"cannot read {body[1:]}: {error.strerror}", "check the path") from error
