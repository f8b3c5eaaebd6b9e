"""What is said of a test's cassette, and where that lies.

Of what is said in several places the first counts: the command line, the markers (that of the test
before those of its class and module), `streamlab_config`, the ini file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, get_args

import pytest

from streamlab.errors import InputError
from streamlab.record.guard import LOOPBACK
from streamlab.testing.options import Options

__all__ = ["Settings", "Unplayed", "cassette_path", "read_settings"]

Unplayed = Literal["ignore", "warn", "fail"]

_OF_OPTIONS: Final = frozenset(field.name for field in fields(Options))
_OF_PLUGIN: Final = frozenset(
    {"allow_hosts", "block_network", "cassette_dir", "max_age_days", "name", "unplayed"}
)
_FROM_INI: Final = ("record_mode", "speed", "unplayed", "max_age_days")

_FOLDER: Final = "cassettes"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.,=+@\[\]-]+")
# Names of files end at 255 bytes; what is added to them needs some.
_NAME_CHARS: Final = 150
_DIGEST_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that is said. `name` is that of the cassette, "" for the test's own; `cassette_dir` the
    folder of all cassettes, "" for `cassettes` beside the test's file."""

    options: Options
    name: str = ""
    cassette_dir: str = ""
    unplayed: Unplayed = "ignore"
    max_age_days: float | None = None
    blocks_network: bool = True
    allowed_hosts: tuple[str, ...] = LOOPBACK


def read_settings(item: pytest.Item, config: Mapping[str, Any]) -> Settings:
    """The settings of a test. InputError for what is unknown or cannot be used."""
    said = {**_from_ini(item.config), **_known(config, "streamlab_config")}
    # The closest marker is the first.
    for marker in reversed(list(item.iter_markers("streamlab"))):
        place = f"@pytest.mark.streamlab of {item.nodeid}"
        if marker.args:
            hint = "its arguments are named: name=…, record_mode=…, speed=…"
            raise InputError(f"{place} takes no {marker.args[0]!r}", hint)
        said |= _known(marker.kwargs, place)
    said |= _from_command_line(item.config)
    unplayed = said.get("unplayed", "ignore")
    if unplayed not in get_args(Unplayed):
        raise InputError(
            f"unplayed {unplayed!r} is none", f"there are: {', '.join(get_args(Unplayed))}"
        )
    return Settings(
        options=Options(**{name: said[name] for name in _OF_OPTIONS & said.keys()}),
        name=said.get("name", ""),
        cassette_dir=str(said.get("cassette_dir", "")),
        unplayed=unplayed,
        max_age_days=_days(said.get("max_age_days")),
        blocks_network=said.get("block_network", True),
        allowed_hosts=(*LOOPBACK, *said.get("allow_hosts", ())),
    )


def _known(said: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    known = _OF_OPTIONS | _OF_PLUGIN
    unknown = sorted(said.keys() - known)
    if unknown:
        hint = f"there are: {', '.join(sorted(known))}"
        raise InputError(f"{place}: no argument {', '.join(map(repr, unknown))}", hint)
    return said


def _from_ini(config: pytest.Config) -> dict[str, Any]:
    values = {name: config.getini(f"streamlab_{name}") for name in _FROM_INI}
    return {name: value for name, value in values.items() if value}


def _from_command_line(config: pytest.Config) -> dict[str, Any]:
    values = {name: config.getoption(f"streamlab_{name}") for name in _FROM_INI}
    return {name: value for name, value in values.items() if value is not None}


def _days(value: object) -> float | None:
    if value is None:
        return None
    try:
        return float(str(value))
    except ValueError as error:
        raise InputError(
            f"max_age_days {value!r} is no number of days", "for example: 90"
        ) from error


def cassette_path(item: pytest.Item, settings: Settings) -> Path:
    """Where a test's cassette lies: `cassettes/<module>/<test>.jsonl` beside the test's file.

    A name with a slash is a path in `cassettes/`, for tests of several modules. InputError for one
    that leads elsewhere.
    """
    base = item.path.parent / _FOLDER
    if settings.cassette_dir:
        base = item.config.rootpath / settings.cassette_dir
    if not settings.name:
        return base / item.path.stem / f"{_file_name(_test_name(item))}.jsonl"
    parts = PurePosixPath(settings.name).parts
    if any(_UNSAFE.search(part) or part.startswith(".") for part in parts):
        hint = "it is a name such as greeting, or a path in the folder of cassettes: shop/greeting"
        raise InputError(f"{item.nodeid}: {settings.name!r} is no name of a cassette", hint)
    folder = base.joinpath(*parts[:-1]) if len(parts) > 1 else base / item.path.stem
    return folder / f"{parts[-1]}.jsonl"


def _test_name(item: pytest.Item) -> str:
    cls = getattr(item, "cls", None)
    return f"{cls.__name__}.{item.name}" if cls is not None else item.name


def _file_name(name: str) -> str:
    """The name of a test as that of a file; one that had to be changed stays different from others
    by a digest."""
    safe = _UNSAFE.sub("-", name)[:_NAME_CHARS]
    if safe == name:
        return name
    return f"{safe}-{blake2b(name.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"
