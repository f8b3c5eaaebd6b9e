"""What must never be stored: credentials always, and what the rules of a `Redaction` name.

Redaction happens while a recording is built, before any store or cassette sees it. The name stays
and the value becomes `[redacted]`, so that one can still see that something was there.
"""

from streamlab.redaction.body import BodyRedactor, redact_body
from streamlab.redaction.credentials import (
    REDACTED,
    Header,
    is_secret_name,
    redact_headers,
    redact_text,
    redact_url,
)
from streamlab.redaction.rules import Redaction

__all__ = [
    "REDACTED",
    "BodyRedactor",
    "Header",
    "Redaction",
    "is_secret_name",
    "redact_body",
    "redact_headers",
    "redact_text",
    "redact_url",
]
