"""A fault as a value and as text: `NAME:key=value,key=value`."""

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from streamlab.errors import InputError
from streamlab.fault.kind import COMMON_OPTIONS, KINDS
from streamlab.fault.option import Value, number_text
from streamlab.pace import uniform
from streamlab.schedule import Schedule

__all__ = ["Fault", "break_schedule", "fault", "parse_fault", "parse_faults", "strikes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way to break answers, as `fault` and `parse_fault` make it; `str` gives its spec.

    `options` are those that were given, in the order of docs/faults.md. It breaks `times` answers
    (None: all), each with `probability`, of the recording with the name or id `on` ("": of any).
    What it draws depends on `seed`.
    """

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    times: int | None = None
    probability: float = 1
    seed: int = 0
    on: str = ""

    def __str__(self) -> str:
        common = [
            (option.name, getattr(self, option.name))
            for option in COMMON_OPTIONS
            if getattr(self, option.name) != option.default
        ]
        given = ",".join(
            f"{name}={value if isinstance(value, str) else number_text(value)}"
            for name, value in (*self.options, *common)
        )
        return f"{self.name}:{given}" if given else self.name


def fault(name: str, **options: Value) -> Fault:
    """The fault of that name with these options. InputError says what is wrong with them, and what
    there is."""
    kind = KINDS.get(name)
    if kind is None:
        raise InputError(f"there is no fault {name!r}", f"there are {', '.join(KINDS)}")
    known = [option.name for option in (*kind.options, *COMMON_OPTIONS)]
    hint = f"for example {kind.example}; it takes {', '.join(known)}"
    for given in options:
        if given not in known:
            raise InputError(f"the fault {name} has no option {given!r}", hint)
    if set(kind.rivals) <= set(options) and kind.rivals:
        raise InputError(f"{name}: give {' or '.join(kind.rivals)}, not both", hint)
    try:
        own = {o.name: o.read(options[o.name]) for o in kind.options if o.name in options}
        common: dict[str, Any] = {
            o.name: o.read(options[o.name]) for o in COMMON_OPTIONS if o.name in options
        }
    except ValueError as error:
        raise InputError(f"{name}: {error}", hint) from error
    return Fault(name=name, options=tuple(own.items()), **common)


def parse_fault(spec: str) -> Fault:
    """The fault that `NAME:key=value,key=value` says. InputError says what is wrong with it, and
    what there is."""
    name, _, rest = (part.strip() for part in spec.partition(":"))
    options: dict[str, Value] = {}
    for part in filter(None, rest.split(",")):
        key, sign, value = (word.strip() for word in part.partition("="))
        if not sign or key in options:
            problem = "is given twice" if sign else "has no value"
            raise InputError(f"in {spec!r} {key!r} {problem}", "as in stall:after=3,ms=500")
        options[key] = value
    return fault(name, **options)


def parse_faults(specs: str) -> tuple[Fault, ...]:
    """Several specs, with `;` between them. InputError as for one."""
    return tuple(parse_fault(spec) for spec in specs.split(";") if spec.strip())


def strikes(fault: Fault, answer: int) -> bool:
    """Whether it breaks the answer of this number (0 is the first), as its probability has it."""
    return uniform(f"{fault.seed}:{answer}") < fault.probability


def break_schedule(schedule: Schedule, fault: Fault, *, draw: int = 0) -> Schedule:
    """The schedule, broken. Its times never decrease.

    `draw` is how often the fault was applied before: the next answer is late by other amounts. The
    same seed and draw break it in the same way.
    """
    kind = KINDS[fault.name]
    given = dict(fault.options)
    arguments: dict[str, Any] = {
        option.argument: given[option.name] for option in kind.options if option.name in given
    }
    if kind.is_random:
        arguments["chance"] = lambda position: uniform(f"{fault.seed}:{draw}:{position}")
    return kind.does(_in_order(schedule), **arguments)


def _in_order(schedule: Schedule) -> Schedule:
    """What the server does with times that decrease, as a file may have them: it is late."""
    times_ns = accumulate((action.at_ns for action in schedule.actions), max)
    actions = (
        replace(action, at_ns=at_ns)
        for action, at_ns in zip(schedule.actions, times_ns, strict=True)
    )
    return replace(schedule, actions=tuple(actions))
