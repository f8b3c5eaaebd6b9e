"""Cross-origin requests: what a browser wants to see before a page may read an answer.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol. Nothing here allows credentials: what a
replay answers does not depend on cookies.
"""

from typing import Final

from streamlab._http1 import HttpRequest
from streamlab.recording import Header, Recording, header_value
from streamlab.replay.answer import made_answer

__all__ = ["is_preflight", "preflight_answer", "reading_fields"]

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
# Chromium keeps the answer to a preflight for two hours at most.
_MAX_AGE_S: Final = 7200


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks if it may ask; such a request carries no key."""
    asked = header_value(request.headers, "access-control-request-method")
    return request.method == "OPTIONS" and asked is not None


def preflight_answer(request: HttpRequest) -> Recording:
    """Yes, to whatever a page wants to send."""
    asked = header_value(request.headers, "access-control-request-headers")
    private = header_value(request.headers, "access-control-request-private-network")
    fields = [
        *_allowed(header_value(request.headers, "origin") or "*"),
        ("Access-Control-Allow-Methods", _METHODS),
        *([("Access-Control-Allow-Headers", asked)] if asked else []),
        # A page of the public web asks an address of a private network, such as loopback
        # (https://wicg.github.io/private-network-access/).
        *([("Access-Control-Allow-Private-Network", "true")] if private == "true" else []),
        ("Access-Control-Max-Age", str(_MAX_AGE_S)),
    ]
    return made_answer(204, tuple(fields))


def reading_fields(fields: tuple[Header, ...], origin: str) -> tuple[Header, ...]:
    """What a head with these fields lacks to be read by a page of `origin`; nothing, where it says
    itself who may read it (llama.cpp's says "" to those who are no page)."""
    if any(value for name, value in fields if name.lower() == "access-control-allow-origin"):
        return ()
    is_exposed = header_value(fields, "access-control-expose-headers")
    exposing = () if is_exposed else (("Access-Control-Expose-Headers", "*"),)
    return (*_allowed(origin), *exposing)


def _allowed(origin: str) -> tuple[Header, ...]:
    return (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
