"""Leaves parts of JSON values out of account."""

from typing import Any

from streamlab.redaction.json_path import Path, step

__all__ = ["without"]


def without(value: Any, paths: tuple[Path, ...]) -> Any:  # noqa: ANN401 - any JSON value
    """`value` without the members and elements that `paths` name; the value itself stays.

    Indexes are those before anything was left out.
    """
    if not paths:
        return value
    match value:
        case dict():
            kept = ((name, step(paths, name)) for name in value)
            return {name: without(value[name], rest) for name, rest in kept if () not in rest}
        case list():
            steps = ((element, step(paths, index)) for index, element in enumerate(value))
            return [without(element, rest) for element, rest in steps if () not in rest]
    return value
