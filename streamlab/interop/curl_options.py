"""The options of a curl command: what they are called, which have a value, which do not matter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from streamlab.errors import InputError

__all__ = ["CURL_HINT", "CurlOption", "curl_options"]

CURL_HINT: Final = (
    "paste what the browser's `Copy as cURL` gives, or a curl command of the API's documentation"
)


@dataclass(frozen=True, slots=True)
class CurlOption:
    """An option by its long name; `value` is "" if it takes none. A bare URL is `url`."""

    name: str
    value: str


# https://curl.se/docs/manpage.html
_SHORT: Final = {
    "X": "request", "H": "header", "d": "data", "G": "get", "I": "head", "b": "cookie",
    "u": "user", "A": "user-agent", "e": "referer", "k": "insecure", "s": "silent",
    "S": "show-error", "N": "no-buffer", "L": "location", "i": "include", "v": "verbose",
    "f": "fail", "g": "globoff", "#": "progress-bar", "O": "remote-name", "0": "http1.0",
    "4": "ipv4", "6": "ipv6", "q": "disable", "o": "output", "m": "max-time", "w": "write-out",
    "D": "dump-header", "c": "cookie-jar",
}  # fmt: skip
_WITH_VALUE: Final = {
    "url", "request", "header", "data", "data-ascii", "data-raw", "data-binary", "data-urlencode",
    "json", "cookie", "user", "oauth2-bearer", "user-agent", "referer",
}  # fmt: skip
_WITHOUT_VALUE: Final = {"get", "head", "compressed", "insecure"}

# What has nothing to do with the request, or with what is recorded of its answer.
_IGNORED: Final = {
    "silent", "show-error", "no-buffer", "location", "include", "verbose", "fail", "fail-with-body",
    "globoff", "progress-bar", "remote-name", "no-progress-meter", "ipv4", "ipv6", "disable",
    "path-as-is", "http1.0", "http1.1", "http2", "http2-prior-knowledge", "http3", "tcp-nodelay",
    "no-keepalive", "show-headers", "tlsv1.2", "tlsv1.3",
}  # fmt: skip
_IGNORED_WITH_VALUE: Final = {
    "output", "max-time", "connect-timeout", "write-out", "dump-header", "cookie-jar", "retry",
    "retry-delay", "retry-max-time", "max-redirs", "keepalive-time", "stderr",
}  # fmt: skip

_PROGRAM: Final = re.compile(r"(?s)(?:.*[/\\])?curl(?:\.exe)?")


def curl_options(words: list[str]) -> list[CurlOption]:
    """The options that matter, in their order. InputError names one that is not known here."""
    if not words or not _PROGRAM.fullmatch(words[0]):
        raise InputError("the command does not start with curl", CURL_HINT)
    found = _all_options(iter(words[1:]))
    matter = _WITH_VALUE | _WITHOUT_VALUE
    return [option for option in found if option.name in matter]


def _all_options(words: Iterator[str]) -> Iterator[CurlOption]:
    for word in words:
        if word == "--":
            yield from (CurlOption("url", url) for url in words)
        elif word.startswith("--"):
            yield _option(word, word[2:], None, words)
        elif word.startswith("-") and word != "-":
            yield from _short_options(word, words)
        else:
            yield CurlOption("url", word)


def _short_options(word: str, words: Iterator[str]) -> Iterator[CurlOption]:
    """`-sSN`, `-XPOST`: the first that takes a value takes what is left of the word."""
    for number, letter in enumerate(word[1:], start=2):
        name = _SHORT.get(letter, "")
        yield _option(f"-{letter}", name, word[number:] or None, words)
        if _takes_value(name):
            return


def _option(spelled: str, name: str, attached: str | None, words: Iterator[str]) -> CurlOption:
    if name in _WITHOUT_VALUE | _IGNORED:
        return CurlOption(name, "")
    if not _takes_value(name):
        hint = "leave it out if the request is the same without it"
        raise InputError(f"curl's option {spelled[:60]!r} is not known here", hint)
    value = next(words, None) if attached is None else attached
    if value is None:
        raise InputError(f"curl's option {spelled} has no value", CURL_HINT)
    return CurlOption(name, value)


def _takes_value(name: str) -> bool:
    return name in _WITH_VALUE or name in _IGNORED_WITH_VALUE
