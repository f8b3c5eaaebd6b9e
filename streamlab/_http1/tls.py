"""The server's side of TLS: its certificate and key."""

import ssl
from pathlib import Path

from streamlab.errors import InputError

__all__ = ["server_tls"]


def server_tls(cert: Path, key: Path) -> ssl.SSLContext:
    """A context for a server with this certificate (and its chain) and key, both PEM.

    InputError if they cannot be read, or do not belong together.
    """
    for path in (cert, key):
        _refuse_unreadable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password, OpenSSL would ask the terminal for one.
        context.load_cert_chain(cert, key, password=_no_password)
    except _EncryptedError as error:
        hint = f"decrypt it: openssl pkey -in {key} -out decrypted.pem"
        raise InputError(f"{key} is encrypted", hint) from error
    except ssl.SSLError as error:
        raise _unusable(cert, key, error) from error
    return context


class _EncryptedError(Exception):
    """The key is encrypted."""


def _no_password() -> str:
    raise _EncryptedError


def _refuse_unreadable(path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        hint = "--tls-cert and --tls-key name PEM files"
        raise InputError(f"cannot read {path}: {error.strerror}", hint) from error


def _unusable(cert: Path, key: Path, error: ssl.SSLError) -> InputError:
    if error.reason == "KEY_VALUES_MISMATCH":
        hint = "give the key that the certificate was made with"
        return InputError(f"the key {key} is not that of the certificate {cert}", hint)
    hint = (
        "to make a pair: openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    reason = error.reason or "no certificate or no key in PEM"
    return InputError(f"cannot use {cert} with {key} for TLS: {reason}", hint)
