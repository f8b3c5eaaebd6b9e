"""A curl command, as browsers copy it and as documentation shows it, as a request."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, urlsplit, urlunsplit

from streamlab.errors import InputError
from streamlab.interop.curl_options import CURL_HINT, CurlOption, curl_options
from streamlab.interop.shell_words import bash_words, cmd_words, is_cmd, octets
from streamlab.recording import Header, Request, header_value

__all__ = ["CurlRequest", "parse_curl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurlRequest:
    """The request, with its credentials, and what of the command is not followed, in words."""

    request: Request
    notes: tuple[str, ...]


ReadFile = Callable[[str], bytes]


def _no_file(name: str) -> bytes:
    raise InputError(f"the command reads the file {name!r}", "put its content into the command")


def parse_curl(
    command: str, *, variables: Mapping[str, str] | None = None, read_file: ReadFile = _no_file
) -> CurlRequest:
    """The request that the command would send.

    `variables` are those that it may use ($NAME), `read_file` gives what `-d @NAME` sends.
    InputError names the option that is not known here, or says what else is wrong.
    """
    words = cmd_words(command) if is_cmd(command) else bash_words(command, variables or {})
    options = curl_options(words)
    body = _body(options, read_file)
    url = _url(options)
    in_url = body is not None and _has(options, "get")
    if in_url and body is not None:
        url, body = _with_query(url, body), None
    headers, dropped = _kept(_headers(options, has_body=body is not None))
    request = Request(
        method=_method(options, has_body=body is not None),
        url=url,
        headers=headers,
        body=body or b"",
    )
    return CurlRequest(request=request, notes=(*dropped, *_notes(options)))


def _has(options: Iterable[CurlOption], name: str) -> bool:
    return any(option.name == name for option in options)


def _values(options: Iterable[CurlOption], name: str) -> list[str]:
    return [option.value for option in options if option.name == name]


def _url(options: list[CurlOption]) -> str:
    urls = _values(options, "url")
    if len(urls) != 1:
        problem = "has no URL" if not urls else f"has {len(urls)} URLs"
        raise InputError(f"the command {problem}", f"one is needed; {CURL_HINT}")
    return urls[0] if "://" in urls[0] else f"http://{urls[0]}"


def _with_query(url: str, data: bytes) -> str:
    parts = urlsplit(url)
    added = data.decode("utf-8", "replace")
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


def _method(options: list[CurlOption], *, has_body: bool) -> str:
    said = _values(options, "request")
    if said:
        return said[-1]
    if _has(options, "head"):
        return "HEAD"
    return "POST" if has_body else "GET"


def _body(options: Iterable[CurlOption], read_file: ReadFile) -> bytes | None:
    """The data of all options joined by `&`, that of --json without; None if there is none."""
    body: bytes | None = None
    for option in options:
        data = _data(option, read_file)
        if data is not None:
            joint = b"" if option.name == "json" else b"&"
            body = data if body is None else body + joint + data
    return body


def _data(option: CurlOption, read_file: ReadFile) -> bytes | None:
    match option.name:
        case "data-raw":
            return octets(option.value)
        case "data" | "data-ascii":
            is_file = option.value.startswith("@")
            data = _content(option.value, read_file)
            # As curl does it, and only with a file.
            return data.translate(None, b"\r\n\0") if is_file else data
        case "data-binary" | "json":
            return _content(option.value, read_file)
        case "data-urlencode":
            return _urlencoded(option.value, read_file)
        case _:
            return None


def _content(value: str, read_file: ReadFile) -> bytes:
    return read_file(value[1:]) if value.startswith("@") else octets(value)


def _urlencoded(value: str, read_file: ReadFile) -> bytes:
    """`content`, `=content`, `name=content`, `@file` or `name@file`."""
    at, equals = value.find("@"), value.find("=")
    is_file = at >= 0 and not 0 <= equals < at
    separator = "@" if is_file else "="
    name, found, content = value.partition(separator)
    if not found:
        name, content = "", value
    data = read_file(content) if is_file else octets(content)
    encoded = quote_plus(data, safe="").replace("+", "%20")
    return octets(f"{name}={encoded}" if name else encoded)


def _headers(options: list[CurlOption], *, has_body: bool) -> tuple[Header, ...]:
    """The headers that were asked for, then those that curl adds on its own."""
    given, removed = _given_headers(options)
    headers = (*given, *_short_headers(options))
    names = removed | {name.lower() for name, _ in headers}
    added = (pair for pair in _own_headers(options, has_body) if pair[0].lower() not in names)
    return (*headers, *added)


def _given_headers(options: list[CurlOption]) -> tuple[tuple[Header, ...], set[str]]:
    """Those of -H, and the names of those that it removes: `Name:` removes, `Name;` is empty."""
    headers: list[Header] = []
    removed: set[str] = set()
    for text in _values(options, "header"):
        name, colon, value = text.partition(":")
        if not colon and text.endswith(";"):
            headers.append((text[:-1].strip(), ""))
        elif not colon or not name.strip():
            raise InputError(f"curl's -H {text[:60]!r} is no header", 'write "Name: value"')
        elif value.strip():
            headers.append((name.strip(), value.strip()))
        else:
            removed.add(name.strip().lower())
    return tuple(headers), removed


_SHORT_HEADERS: Final = {"user-agent": "User-Agent", "referer": "Referer"}


def _short_headers(options: list[CurlOption]) -> list[Header]:
    """Those that have an option of their own; of several the last counts."""
    headers = [
        (header, values[-1])
        for name, header in _SHORT_HEADERS.items()
        if (values := _values(options, name))
    ]
    if cookies := _values(options, "cookie"):
        headers.append(("Cookie", "; ".join(map(_cookie, cookies))))
    if users := _values(options, "user"):
        headers.append(("Authorization", _basic(users[-1])))
    if tokens := _values(options, "oauth2-bearer"):
        headers.append(("Authorization", f"Bearer {tokens[-1]}"))
    return headers


def _cookie(value: str) -> str:
    if "=" not in value:
        raise InputError("curl's --cookie names a file of cookies", "write them as NAME=VALUE")
    return value


def _basic(user: str) -> str:
    """https://www.rfc-editor.org/rfc/rfc7617"""
    if ":" not in user:
        raise InputError("curl's --user has no password", "write it as NAME:PASSWORD")
    return "Basic " + base64.b64encode(octets(user)).decode("ascii")


def _own_headers(options: list[CurlOption], has_body: bool) -> list[Header]:
    if _has(options, "json"):
        return [("Content-Type", "application/json"), ("Accept", "application/json")]
    form = [("Content-Type", "application/x-www-form-urlencoded")] if has_body else []
    return [*form, ("Accept", "*/*")]


def _kept(headers: tuple[Header, ...]) -> tuple[tuple[Header, ...], list[str]]:
    """The headers without those that the recorder sets, and a word on each that is left out."""
    notes = []
    if (accepted := header_value(headers, "accept-encoding")) is not None:
        notes.append(
            f"accept-encoding ({accepted[:40]}) is left out: a coding would hide the reads"
        )
    if header_value(headers, "content-length") is not None:
        notes.append("content-length is left out: it is counted anew")
    left_out = {"accept-encoding", "content-length"}
    return tuple(pair for pair in headers if pair[0].lower() not in left_out), notes


def _notes(options: list[CurlOption]) -> list[str]:
    notes = {
        "compressed": "--compressed is left out: a coding would hide the reads",
        "insecure": "--insecure is left out: certificates are checked",
    }
    return [note for name, note in notes.items() if _has(options, name)]
