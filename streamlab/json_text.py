"""JSON as text that is safe to show: no character that a terminal obeys or an editor hides."""

import json
import re
from typing import Any, Final

__all__ = ["json_text", "utf8_text"]

# Valid in JSON strings as they are, but control characters (C1, DEL), ends of lines for some
# readers, invisible, or turning the direction of text (https://trojansource.codes).
_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def json_text(value: Any, *, indent: int | None = None) -> str:  # noqa: ANN401 - any JSON value
    """`value` as JSON with readable Unicode; what would not be seen is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def utf8_text(text: str) -> str:
    """The text without what UTF-8 cannot say: JSON may hold half of a surrogate pair."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
