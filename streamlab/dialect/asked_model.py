"""Which model a request asks for."""

import re
from typing import Final
from urllib.parse import unquote

from streamlab.dialect.delta import as_object, as_text, parse_json
from streamlab.json_text import utf8_text
from streamlab.recording import Request

__all__ = ["asked_model", "model_of"]

# Gemini's /models/NAME:streamGenerateContent, Azure's /deployments/NAME/chat/completions and
# Bedrock's /model/NAME/converse-stream have it in the path, which stands behind the origin.
_IN_PATH: Final = re.compile(
    r"(?:[^/?#]*://[^/?#]*)?+[^?#]*?/(?:models/([^/?#:]+):|(?:deployments|model)/([^/?#]+)/)"
)


def asked_model(request: Request) -> str | None:
    """`model` of the JSON body; else that in the path of the URL; else None."""
    value = parse_json(request.body.decode("utf-8", "replace"))[0] if request.body else None
    return model_of(value, request.url)


def model_of(value: object, url: str) -> str | None:
    """The same where the body's JSON is known; `url` may be a path alone."""
    model = as_text(as_object(value).get("model"))
    if not model and (found := _IN_PATH.match(url)):
        model = unquote(found[1] or found[2])
    return utf8_text(model) or None
