"""Options of faults: numbers with a unit and bounds, choices, text, as the functions declare them.

A fault is a function whose keyword arguments are its options, annotated with the types below. A
trailing underscore keeps an option's name (`bytes_`) from hiding a builtin.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

__all__ = [
    "Bytes",
    "BytesPerS",
    "Count",
    "ErrorStatus",
    "Events",
    "Ms",
    "Number",
    "Option",
    "PeriodMs",
    "Seconds",
    "Value",
    "number_text",
    "options_of",
]

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Number:
    """What a number counts, and its bounds, both included."""

    unit: str
    least: float
    most: float


Events = Annotated[int, Number("events", 0, 1_000_000)]
Count = Annotated[int, Number("events", 1, 1_000_000)]
Bytes = Annotated[int, Number("bytes", 1, 1_000_000_000)]
BytesPerS = Annotated[int, Number("bytes/s", 1, 1_000_000_000)]
Ms = Annotated[float, Number("ms", 0, 3_600_000)]
PeriodMs = Annotated[float, Number("ms", 1, 3_600_000)]
Seconds = Annotated[float, Number("s", 0, 86_400)]
ErrorStatus = Annotated[int, Number("", 400, 599)]

# What a function gets beside its options.
_NO_OPTIONS: Final = frozenset({"schedule", "chance"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: `argument` is what the function calls it. `default` is None where leaving it out
    means something of its own. Without `number` it is text, one of `choices` if there are any."""

    argument: str
    default: Value | None
    number: Number | None = None
    is_whole: bool = False
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in a spec."""
        return self.argument.rstrip("_")

    def read(self, value: object) -> Value:
        """The value, if it may be one; a number may be given as text. ValueError says what it must
        be."""
        read = self._text(value) if self.number is None else self._number(value, self.number)
        if read is None:
            raise ValueError(f"{self.name} must be {self.range}, not {value!r}")
        return read

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.number is None:
            return "text in one line, without a comma"
        kind = "a whole number" if self.is_whole else "a number"
        unit = f" of {self.number.unit}" if self.number.unit else ""
        least, most = number_text(self.number.least), number_text(self.number.most)
        return f"{kind}{unit} from {least} to {most}"

    def _text(self, value: object) -> str | None:
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            return None
        # It must end neither the header that it goes into nor the spec that it comes from.
        is_plain = value.isprintable() and value == value.strip() and "," not in value
        return value if value and is_plain else None

    def _number(self, value: object, number: Number) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            read = float(value)
        except (ValueError, OverflowError):
            return None
        if not number.least <= read <= number.most or (self.is_whole and read != int(read)):
            return None
        return int(read) if self.is_whole else read


def number_text(number: float) -> str:
    """A number without a fraction that says nothing."""
    return str(int(number)) if number == int(number) else repr(number)


def options_of(function: Callable[..., object]) -> tuple[Option, ...]:
    """The options of a fault's function, in its order."""
    hints = get_type_hints(function, include_extras=True)
    parameters = signature(function).parameters
    return tuple(
        _option(parameter, hints[name])
        for name, parameter in parameters.items()
        if name not in _NO_OPTIONS
    )


def _option(parameter: Parameter, hint: Any) -> Option:  # noqa: ANN401 - any annotation
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    default = parameter.default
    if get_origin(hint) is Literal:
        return Option(argument=parameter.name, default=default, choices=get_args(hint))
    if get_origin(hint) is Annotated:
        kind, number = get_args(hint)
        is_whole = kind is int
        return Option(argument=parameter.name, default=default, number=number, is_whole=is_whole)
    return Option(argument=parameter.name, default=default)
