"""Which model a request asks for."""

import re
from typing import Final
from urllib.parse import unquote

from streamlab.dialect import parse_json
from streamlab.recording import Request

__all__ = ["asked_model"]

# Gemini's /models/NAME:streamGenerateContent, Azure's /deployments/NAME/chat/completions and
# Bedrock's /model/NAME/converse-stream have it in the path.
_IN_PATH: Final = re.compile(r"/(?:models/([^/?#:]+):|(?:deployments|model)/([^/?#]+)/)")


def asked_model(request: Request) -> str | None:
    """`model` of the JSON body; else that in the path of the URL; else None."""
    payload = parse_json(request.body.decode("utf-8", "replace"))[0] if request.body else None
    model = payload.get("model") if isinstance(payload, dict) else None
    if isinstance(model, str) and model:
        return model.encode("utf-8", "replace").decode()  # JSON may hold half a surrogate pair
    found = _IN_PATH.search(request.url)
    return unquote(found[1] or found[2]) if found else None
