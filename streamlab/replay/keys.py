"""The key that a replay asks for, if it asks for one."""

import hmac
from collections.abc import Iterable, Iterator
from typing import Final

from streamlab.errors import InputError
from streamlab.recording import Header

__all__ = ["KeyCheck"]

# Anthropic's, Azure's and Google's; the others have Authorization.
_KEY_HEADERS: Final = frozenset({"api-key", "x-api-key", "x-goog-api-key"})


class KeyCheck:
    """Lets requests pass that carry `api_key`; all, if it is None. InputError if no client could
    send it."""

    def __init__(self, api_key: str | None) -> None:
        if api_key is not None and not (api_key.isascii() and api_key.isprintable() and api_key):
            raise InputError("no header can hold this API key", "use visible ASCII characters")
        self._key = None if api_key is None else api_key.encode()

    def passes(self, headers: Iterable[Header]) -> bool:
        """Whether the request with these headers may be answered. How long this takes does not
        depend on how much of the key is right."""
        if self._key is None:
            return True
        is_right = False
        for sent in _sent_keys(headers):
            is_right |= hmac.compare_digest(self._key, sent)
        return is_right


def _sent_keys(headers: Iterable[Header]) -> Iterator[bytes]:
    for name, value in headers:
        if name.lower() in _KEY_HEADERS:
            yield value.encode("latin-1")
        elif name.lower() == "authorization":
            scheme, _, credentials = value.partition(" ")
            if scheme.lower() == "bearer":
                yield credentials.strip().encode("latin-1")
