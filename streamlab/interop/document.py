"""A foreign JSON or YAML document, read field by field; errors name the file and the place."""

import base64
import binascii
import math
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from streamlab.errors import InputError
from streamlab.recording import Header

__all__ = ["Node"]

_MISSING: Final = object()


class Node:
    """A value of a document and where it stands. Its methods raise InputError for what is not as
    the format says."""

    def __init__(self, value: object, place: str, hint: str) -> None:
        self.value = value
        self.place = place
        self._hint = hint

    def error(self, message: str) -> InputError:
        return InputError(f"{self.place}: {message}", self._hint)

    def has(self, field: str) -> bool:
        """Whether there is such a field, with a value."""
        return isinstance(self.value, dict) and self.value.get(field) is not None

    def part(self, field: str) -> "Node":
        """The object in `field`; an empty one if there is none."""
        value = self._get(field, {})
        if not isinstance(value, dict):
            raise self.error(f"{field} must be an object")
        return self._child(value, field)

    def parts(self, field: str) -> list["Node"]:
        """The objects of the list in `field`."""
        nodes = list(self._items(field))
        for node in nodes:
            if not isinstance(node.value, dict):
                raise node.error("an object was expected")
        return nodes

    def text(self, field: str, default: str | None = None) -> str:
        value = self._get(field, default)
        if not isinstance(value, str):
            raise self.error(f"{field} must be a string")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self.error(f"{field} holds a lone surrogate, which is no text") from error
        return value

    def number(self, field: str, default: float | None = None) -> float:
        value = self._get(field, default)
        if isinstance(value, int | float) and not isinstance(value, bool):
            with suppress(OverflowError):  # a whole number of hundreds of digits
                if math.isfinite(number := float(value)):
                    return number
        raise self.error(f"{field} must be a number")

    def status(self, field: str) -> int:
        """An HTTP status; 0 stands for no response."""
        status = self.number(field, 0)
        if status and not (100 <= status <= 599 and status == int(status)):
            raise self.error(f"{field} {status:g} is no HTTP status")
        return int(status)

    def octets(self, field: str) -> bytes:
        """Bytes that are kept as text or, in YAML, as binary; none if the field is missing."""
        value = self._get(field, b"")
        return value if isinstance(value, bytes) else self.text(field).encode()

    def base64(self, field: str) -> bytes:
        """Bytes that are kept as base64, with or without line ends."""
        try:
            text = "".join(self.text(field).split())
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.error(f"{field} is not base64: {error}") from error

    def texts(self, field: str) -> list[str]:
        """The strings of the list in `field`; none if there is none."""
        texts: list[str] = []
        for node in self._items(field):
            if not isinstance(node.value, str):
                raise node.error("a string was expected")
            texts.append(node.value)
        return texts

    def headers(self) -> tuple[Header, ...]:
        """This object as headers: each name has a value or a list of values."""
        assert isinstance(self.value, dict)
        pairs: list[Header] = []
        for name, values in self.value.items():
            for value in values if isinstance(values, list) else [values]:
                if not isinstance(name, str) or not isinstance(value, str | bytes):
                    raise self.error(f"{str(name)[:80]!r} must be a string or a list of strings")
                pairs.append((name, value if isinstance(value, str) else value.decode("latin-1")))
        return tuple(pairs)

    def _get(self, field: str, default: object) -> object:
        if not isinstance(self.value, dict):
            raise self.error("an object was expected")
        value = self.value.get(field, _MISSING)
        return default if value is _MISSING or value is None else value

    def _items(self, field: str) -> Iterator["Node"]:
        value = self._get(field, [])
        if not isinstance(value, list):
            raise self.error(f"{field} must be a list")
        for number, item in enumerate(value):
            yield self._child(item, f"{field}[{number}]")

    def _child(self, value: object, field: str) -> "Node":
        return Node(value, f"{self.place}: {field}", self._hint)
