"""The cassette: recordings as a text file that lives in git.

JSON Lines. A recording is a header line, a line per read, and an end line; a file may hold several,
one after the other:

    {"streamlab": 1, "id": …, "name": …, "started_at": …, "request": {…}, "response": {…}, …}
    {"at_ns": 8012345, "text": "data: {…}\\n\\n"}
    {"at_ns": 9012345, "base64": "4oI="}
    {"at_ns": 9812345, "end": "complete"}

A read is `text` where its bytes are UTF-8, `base64` otherwise (a read may end inside a character);
a request body likewise. Without an end line the recorder is taken to have died.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from streamlab.errors import CassetteError
from streamlab.json_text import json_text
from streamlab.recording import (
    END_REASONS,
    End,
    Header,
    Mark,
    Read,
    Recording,
    Request,
    Response,
)
from streamlab.redaction import redact_headers, redact_text, redact_url

__all__ = ["FORMAT_VERSION", "dumps", "loads", "read_cassette", "write_cassette"]

FORMAT_VERSION: Final = 1


def dumps(recordings: Iterable[Recording]) -> str:
    """The text of a cassette that holds `recordings`."""
    return "".join(line + "\n" for recording in recordings for line in _lines(recording))


def _lines(recording: Recording) -> Iterator[str]:
    yield json_text(_header(recording))
    for read in recording.reads:
        yield json_text({"at_ns": read.at_ns, **_payload(read.data)})
    if (end := recording.end) is not None:
        detail = {"detail": end.detail} if end.detail else {}
        yield json_text({"at_ns": end.at_ns, "end": end.reason, **detail})


def _header(recording: Recording) -> dict[str, object]:
    request, response = recording.request, recording.response
    header: dict[str, object] = {"streamlab": FORMAT_VERSION, "id": recording.id}
    header |= {"name": recording.name} if recording.name else {}
    header |= {"source": recording.source} if recording.source else {}
    header |= {"tags": list(recording.tags)} if recording.tags else {}
    header |= {"started_at": recording.started_at} if recording.started_at else {}
    header["request"] = {
        "method": request.method,
        "url": request.url,
        "headers": [list(pair) for pair in request.headers],
        **(_payload(request.body) if request.body else {}),
    }
    if response is not None:
        header["response"] = {
            "status": response.status,
            "http_version": response.http_version,
            "headers": [list(pair) for pair in response.headers],
            "at_ns": response.at_ns,
        }
    header |= {"marks": {m.name: m.at_ns for m in recording.marks}} if recording.marks else {}
    return header


def _payload(data: bytes) -> dict[str, object]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def loads(text: str, *, name: str = "cassette") -> list[Recording]:
    """The recordings of a cassette. CassetteError says which line of `name` is broken, and how.

    Credentials are redacted once more, since a cassette may have been edited by hand.
    """
    recordings: list[Recording] = []
    lines: list[tuple[int, dict[str, object]]] = []
    # Not splitlines(): only LF ends a line, and text may hold other line separators.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        value = _parse_line(line, f"{name}:{number}")
        if "streamlab" in value and lines:
            recordings.append(_recording(lines, name))
            lines = []
        lines.append((number, value))
    if lines:
        recordings.append(_recording(lines, name))
    return recordings


def _parse_line(line: str, place: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CassetteError(f"{place}: not JSON: {error}", _HINT) from error
    if not isinstance(value, dict):
        raise CassetteError(f"{place}: a JSON object was expected", _HINT)
    return value


_HINT: Final = "docs/cassette.md describes the lines; a cassette ends each with a newline"


def _recording(lines: list[tuple[int, dict[str, object]]], name: str) -> Recording:
    number, header = lines[0]
    fields = _Fields(header, f"{name}:{number}")
    if header.get("streamlab") != FORMAT_VERSION:
        version = header.get("streamlab")
        if version is None:
            raise fields.error('a recording starts with a header line: {"streamlab": 1, …}')
        raise fields.error(f"format {version!r} is not known here, only {FORMAT_VERSION}")
    reads: list[Read] = []
    end: End | None = None
    for number, value in lines[1:]:
        line = _Fields(value, f"{name}:{number}")
        if end is not None:
            raise line.error("a line after the end of its recording")
        at_ns = line.count("at_ns")
        if reads and at_ns < reads[-1].at_ns:
            raise line.error(f"at_ns goes back from {reads[-1].at_ns} to {at_ns}")
        if "end" in value:
            end = _end(line, at_ns)
        else:
            reads.append(Read(at_ns=at_ns, data=line.payload()))
    return _with_header(fields, tuple(reads), end)


def _end(line: "_Fields", at_ns: int) -> End:
    reason = line.text("end")
    if reason not in END_REASONS:
        raise line.error(f"end {reason!r} is none of {', '.join(END_REASONS)}")
    return End(at_ns=at_ns, reason=reason, detail=redact_text(line.text("detail", "")))


def _with_header(fields: "_Fields", reads: tuple[Read, ...], end: End | None) -> Recording:
    request = fields.part("request")
    response = fields.part("response") if "response" in fields.value else None
    marks = fields.part("marks") if "marks" in fields.value else _Fields({}, fields.place)
    last_ns = reads[-1].at_ns if reads else 0
    lost = End(at_ns=last_ns, reason="recorder_died", detail="the cassette has no end line")
    return Recording(
        id=fields.text("id"),
        name=fields.text("name", ""),
        source=fields.text("source", ""),
        tags=fields.texts("tags"),
        started_at=fields.text("started_at", ""),
        request=Request(
            method=request.text("method"),
            url=redact_url(request.text("url")),
            headers=redact_headers(request.headers()),
            body=request.payload() if {"text", "base64"} & request.value.keys() else b"",
        ),
        response=None if response is None else _response(response),
        marks=tuple(Mark(name=name, at_ns=marks.count(name)) for name in marks.value),
        reads=reads,
        end=end or lost,
    )


def _response(fields: "_Fields") -> Response:
    status = fields.count("status")
    if not 100 <= status <= 599:
        raise fields.error(f"status {status} is no HTTP status")
    return Response(
        status=status,
        http_version=fields.text("http_version", "HTTP/1.1"),
        headers=redact_headers(fields.headers()),
        at_ns=fields.count("at_ns"),
    )


class _Fields:
    """A JSON object of a cassette, read field by field; errors name the place."""

    def __init__(self, value: dict[str, object], place: str) -> None:
        self.value = value
        self.place = place

    def error(self, message: str) -> CassetteError:
        return CassetteError(f"{self.place}: {message}", _HINT)

    def part(self, field: str) -> "_Fields":
        value = self.value.get(field)
        if not isinstance(value, dict):
            raise self.error(f"{field} must be a JSON object")
        return _Fields(value, f"{self.place}: {field}")

    def text(self, field: str, default: str | None = None) -> str:
        value = self.value.get(field, default)
        if not isinstance(value, str):
            raise self.error(f"{field} must be a string")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        value = self.value.get(field, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f"{field} must be a list of strings")
        return tuple(value)

    def count(self, field: str) -> int:
        value = self.value.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(f"{field} must be a whole number from 0 up")
        return value

    def headers(self) -> tuple[Header, ...]:
        headers: list[Header] = []
        pairs = self.value.get("headers", [])
        for pair in pairs if isinstance(pairs, list) else [pairs]:
            match pair:
                case [str(name), str(value)]:
                    headers.append((name, value))
                case _:
                    raise self.error("headers must be a list of [name, value]")
        return tuple(headers)

    def payload(self) -> bytes:
        """The bytes of `text` or of `base64`."""
        if "base64" not in self.value:
            try:
                return self.text("text").encode()
            except UnicodeEncodeError as error:
                raise self.error(f"text holds a lone surrogate, use base64: {error}") from error
        try:
            return base64.b64decode(self.text("base64"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.error(f"not base64: {error}") from error


def read_cassette(path: Path | str) -> list[Recording]:
    """The recordings of a cassette file. CassetteError if it cannot be read."""
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        raise CassetteError(f"cannot read {path}: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise CassetteError(f"{path} is not UTF-8 text: {error}", _HINT) from error
    recordings = loads(text, name=str(path))
    if not recordings:
        raise CassetteError(f"{path} holds no recording", _HINT)
    return recordings


def write_cassette(path: Path | str, recordings: Iterable[Recording]) -> None:
    """Write a cassette file, replacing one that is there. CassetteError if it cannot be written."""
    try:
        Path(path).write_bytes(dumps(recordings).encode())
    except OSError as error:
        hint = "check that the folder exists and may be written to"
        raise CassetteError(f"cannot write {path}: {error.strerror}", hint) from error
