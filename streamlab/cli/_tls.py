"""The certificate and key of the command line."""

import ssl
from pathlib import Path

from streamlab.errors import InputError

__all__ = ["parse_tls"]


def parse_tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """A server's side of TLS, or None if it was not asked for. InputError if the files do not make
    one up."""
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        missing = "--tls-cert" if cert is None else "--tls-key"
        hint = "give both; a file that holds certificate and key is named twice"
        raise InputError(f"TLS needs {missing}, too", hint)
    from streamlab._http1 import server_tls

    return server_tls(cert, key)
