"""The rules of redaction that a command line gives."""

from streamlab.redaction import Redaction

__all__ = ["parse_redaction"]


def parse_redaction(
    headers: list[str] | None, json_paths: list[str] | None, regexes: list[str] | None
) -> Redaction:
    """What --redact-header, --redact-json-path and --redact-regex say. InputError if one cannot be
    used."""
    return Redaction(
        headers=tuple(headers or ()),
        json_paths=tuple(json_paths or ()),
        regexes=tuple(regexes or ()),
    )
