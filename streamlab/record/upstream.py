"""Which API a request is meant for, and how it is asked there."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from streamlab._http1 import HttpRequest, connection_options
from streamlab._http1.dial import Address
from streamlab.errors import InputError
from streamlab.recording import Request, header_value

__all__ = ["Upstream", "outgoing_request", "parse_upstreams", "request_head"]

# RFC 9110, 7.6.1: these belong to one connection and not to the message.
HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "te", "upgrade",
    }
)  # fmt: skip
# The body is sent on in one piece, once it is here.
_REFRAMED = frozenset({"transfer-encoding", "content-length", "expect", "trailer", "host"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """An API behind the proxy: `prefix` is the first segment of the paths meant for it ("" for
    all), `base_path` what its own paths start with."""

    prefix: str
    address: Address
    authority: str
    scheme: str
    base_path: str

    @property
    def origin(self) -> str:
        """Scheme and authority, as in a URL."""
        return f"{self.scheme}://{self.authority}"

    def takes(self, target: str) -> bool:
        """Whether a request target is meant for this upstream."""
        return not self.prefix or f"{target}/".startswith((f"/{self.prefix}/", f"/{self.prefix}?"))

    def target(self, target: str) -> str:
        """The target to ask the upstream for."""
        rest = target[len(self.prefix) + 1 :] if self.prefix else target
        path = self.base_path + rest
        return path if path.startswith("/") else f"/{path}"


def parse_upstreams(texts: Iterable[str]) -> tuple[Upstream, ...]:
    """Upstreams from `URL` or `PREFIX=URL`; those with a prefix come first. InputError if bad."""
    upstreams = [_parse(text) for text in texts]
    prefixes = [upstream.prefix for upstream in upstreams]
    if not upstreams or len(set(prefixes)) < len(prefixes):
        raise InputError(
            "each upstream needs a prefix of its own",
            "--upstream URL, or several: --upstream openai=URL --upstream anthropic=URL",
        )
    return tuple(sorted(upstreams, key=lambda upstream: not upstream.prefix))


def _parse(text: str) -> Upstream:
    before, equals, after = text.partition("=")
    prefix, url = (before, after) if equals and "://" not in before else ("", text)
    hint = "an upstream is URL or PREFIX=URL, such as https://api.openai.com"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError(f"--upstream {text!r}: {error}", hint) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "/" in prefix:
        raise InputError(f"--upstream {text!r} is no upstream", hint)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    default_port = 443 if tls else 80
    host = parts.hostname
    shown = f"[{host}]" if ":" in host else host
    return Upstream(
        prefix=prefix,
        address=Address(host=host, port=port or default_port, tls=tls),
        authority=shown if port in (None, default_port) else f"{shown}:{port}",
        scheme=parts.scheme,
        base_path=parts.path.rstrip("/"),
    )


def outgoing_request(
    request: HttpRequest, upstream: Upstream, target: str, *, keep_encoding: bool
) -> Request:
    """The request as the upstream gets it: the head as it came, but for what belongs to the
    connection, its Host, and the content codings (identity, unless `keep_encoding`)."""
    dropped = HOP_BY_HOP | _REFRAMED | connection_options(request.headers)
    if not keep_encoding:
        dropped |= {"accept-encoding"}
    headers = [("Host", upstream.authority)]
    headers += [pair for pair in request.headers if pair[0].lower() not in dropped]
    if not keep_encoding:
        headers.append(("Accept-Encoding", "identity"))
    if request.body or header_value(request.headers, "content-length") is not None:
        headers.append(("Content-Length", str(len(request.body))))
    headers.append(("Connection", "close"))
    return Request(
        method=request.method,
        url=upstream.origin + upstream.target(target),
        headers=tuple(headers),
        body=request.body,
    )


def request_head(request: Request) -> bytes:
    """The request line and headers, as bytes."""
    target = request.url.partition("://")[2]
    target = target[target.index("/") :]
    lines = [f"{request.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
