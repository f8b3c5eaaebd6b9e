"""Credentials in headers, URLs and messages: redacted always, with no rule that says so."""

import re
from functools import lru_cache
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

__all__ = [
    "REDACTED",
    "Header",
    "is_secret_name",
    "redact_headers",
    "redact_text",
    "redact_url",
]

Header = tuple[str, str]

REDACTED = "[redacted]"

# Words that mark a name as secret wherever they stand in it, between separators or capitals.
_SECRET_NAME = re.compile(
    r"""(?x)
    authori[sz]ation | \bcookie2? | set-?cookie | password | passwd
    | secret | credential | signature
    | (?:^|[-_.])(?:key|token|sig|pwd|auth|jwt|session|sessionid|passphrase|bearer)(?:$|[-_.])
    | api[-_]?key | apikey | access[-_]?key | subscription[-_]?key | private[-_]?key
    | (?:access|refresh|id|auth|security|session|csrf|xsrf|client)[-_]?token
    """,
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Keys that stand in running text: what servers quote back in an error message.
_SECRET_TEXT = re.compile(
    r"(?i)\bbearer\s+[\w.~+/=-]{8,}"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|fastgpt|nvapi|pplx|r8|tgp_v1|csk|sk_live|sk_test)[-_][A-Za-z0-9_-]{8,}"
    r"|\bAIza[\w-]{20,}"
)


def is_secret_name(name: str) -> bool:
    """Whether what goes by this name is a credential, most likely."""
    return _SECRET_NAME.search(_CAMEL.sub("-", name)) is not None


@lru_cache(maxsize=256)
def redact_headers(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """The same headers, in the same order, with the values of credentials replaced."""
    return tuple((name, _redact_value(name, value)) for name, value in headers)


def _redact_value(name: str, value: str) -> str:
    if not is_secret_name(name):
        return redact_url(value) if "://" in value else value
    scheme, space, _ = value.partition(" ")
    if space and name.lower().endswith("authorization") and scheme.isalpha():
        return f"{scheme} {REDACTED}"
    return REDACTED


@lru_cache(maxsize=1024)
def redact_url(url: str) -> str:
    """The same URL without the password of its authority and the values of key-like parameters.

    Everything else keeps its exact spelling, since the URL is evidence. A string that is no URL
    comes back as it is.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    userinfo, at, host = parts.netloc.rpartition("@")
    netloc = f"{quote(REDACTED)}@{host}" if at and userinfo else parts.netloc
    query = _redact_parameters(parts.query)
    fragment = _redact_parameters(parts.fragment)
    if (netloc, query, fragment) == (parts.netloc, parts.query, parts.fragment):
        return url
    return urlunsplit(parts._replace(netloc=netloc, query=query, fragment=fragment))


def _redact_parameters(query: str) -> str:
    return "&".join(map(_redact_parameter, query.split("&")))


def _redact_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if equals and value and is_secret_name(unquote_plus(name)):
        return f"{name}={quote(REDACTED)}"
    return parameter


def redact_text(text: str) -> str:
    """Running text (an error message) without the keys that are recognisable by their shape."""
    return _SECRET_TEXT.sub(REDACTED, text)
