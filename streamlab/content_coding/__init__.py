"""Content codings undone (RFC 9110, section 8.4): encoded bytes in, decoded bytes out.

Recordings keep what was sent; only what looks for events decodes. A new coding is a function in
`unpack` and a line in its `CODINGS`.
"""

from streamlab.content_coding.decoder import (
    MAX_DECODED_BYTES,
    ContentDecoder,
    Defect,
    DefectCode,
    content_codings,
    decoded_body,
)

__all__ = [
    "MAX_DECODED_BYTES",
    "ContentDecoder",
    "Defect",
    "DefectCode",
    "content_codings",
    "decoded_body",
]
