"""Params: what of a scene can be turned, with range, unit and help, declared on the class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.colours import is_colour, read_colour
from engine.problems import MixeurError, did_you_mean

ParamKind = Literal["number", "whole", "bool", "choice", "colour", "trigger"]
RESERVED = frozenset({"file", "fallback", "isolate", "setup", "update", "draw", "play", "light", "rng", "uses_pixels",
                      "close"})


class ParamError(MixeurError):
    """A Param is declared wrongly, written by its scene, or given a value of another type."""


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """What is known of a Param before a scene runs; one address each: `/scene/NAME/PARAM`."""

    name: str
    kind: ParamKind
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    help: str = ""

    def accept(self, value: Any) -> Any:
        """Return the value as this Param keeps it, within its range.

        Args:
            value: From a show file, OSC or a slider. A choice may also be its index, a colour `#rrggbb`, a bool 0 or 1.

        Raises:
            ParamError: The value is of another type; the text says what is expected.
        """
        if self.kind in ("number", "whole") and _is_number(value):
            return self._within(value)
        if self.kind in ("bool", "trigger") and (isinstance(value, bool) or _is_number(value)):
            return bool(value >= 0.5) if self.kind == "bool" else bool(value > 0)
        if self.kind == "choice" and value in self.choices:
            return value
        if self.kind == "choice" and _is_number(value) and int(value) == value and 0 <= value < len(self.choices):
            return self.choices[int(value)]
        if self.kind == "colour" and is_colour(value):
            return read_colour(value)
        raise ParamError(f"expects {self.expects}, not {_short(value)}{self._nearest(value)}")

    def scaled(self, share: float, low: float | None = None, high: float | None = None) -> Any:
        """Return the value at a share 0..1 of `low`..`high` (its own range where None), as a controller turns it."""
        if self.kind == "choice":
            return self.choices[min(int(max(share, 0.0) * len(self.choices)), len(self.choices) - 1)]
        if self.kind in ("bool", "trigger"):
            return self.accept(share)
        bottom = low if low is not None else self.low if self.low is not None else 0.0
        top = high if high is not None else self.high if self.high is not None else 1.0
        return self.accept(bottom + share * (top - bottom))

    def share(self, value: Any, low: float | None = None, high: float | None = None) -> float | None:
        """Return where a controller stands that gave this value, 0..1; None for a colour or a trigger."""
        if self.kind == "choice":
            return self.choices.index(value) / max(len(self.choices) - 1, 1)
        if self.kind == "bool":
            return float(value)
        if self.kind not in ("number", "whole"):
            return None
        bottom = low if low is not None else self.low if self.low is not None else 0.0
        top = high if high is not None else self.high if self.high is not None else 1.0
        return min(max((value - bottom) / (top - bottom), 0.0), 1.0) if top != bottom else 0.0

    def blend(self, start: Any, end: Any, share: float) -> Any:
        """Return the value on the way from `start` to `end`: numbers and colours glide, others switch at half."""
        if share >= 1.0:
            return end
        if self.kind == "colour":
            return tuple(a + (b - a) * share for a, b in zip(start, end, strict=True))
        if self.kind in ("number", "whole"):
            return self._within(start + (end - start) * share)
        return start if share < 0.5 else end

    @property
    def expects(self) -> str:
        """Return in words what the Param takes."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        words = {
            "number": "a number",
            "whole": "a whole number",
            "bool": "true or false",
            "trigger": "a number or nothing",
            "colour": 'a colour such as "#ff8800" or three numbers 0..1',
        }[self.kind]
        return words if self.low is None or self.high is None else f"{words} {self.low:g}..{self.high:g}"

    def _within(self, value: float) -> float:
        value = value if self.low is None else max(value, self.low)
        value = value if self.high is None else min(value, self.high)
        return round(value) if self.kind == "whole" else float(value)

    def _nearest(self, value: Any) -> str:
        return did_you_mean(value, self.choices) if self.kind == "choice" and isinstance(value, str) else ""


class Param:
    """A value of a scene that a show file, a cue, OSC, MIDI or a slider turns; the scene only reads it.

    `Param(0.5, 0, 1)` is a number, `Param(3, 1, 9)` a whole number, `Param(True)` a switch, `Param("#ff8800")` or
    `Param((1, 0.5, 0))` a colour, `Param("slow", choices=("slow", "fast"))` a choice.

    Args:
        default: Value until something sets it.
        low, high: Limits of a number; values outside are moved to them.
        choices: Names to choose from.
        unit: Shown beside the value.
        help: One line for the person at the slider.

    Raises:
        ParamError: The parts do not fit each other.
    """

    def __init__(
        self,
        default: Any,
        low: float | None = None,
        high: float | None = None,
        *,
        choices: Sequence[str] = (),
        unit: str = "",
        help: str = "",  # noqa: A002 - the artist's word
    ) -> None:
        kind = _kind(default, low, high, choices)
        self.spec = ParamSpec("", kind, default, low, high, tuple(choices), unit, help)
        if low is not None and high is not None and low >= high:
            raise ParamError(f"a Param's low must be below its high, not {low:g} and {high:g}")
        if self.spec.kind in ("number", "whole") and self.spec.accept(default) != default:
            raise ParamError(f"a Param's default {default:g} must be within {low}..{high}")
        self.spec = replace(self.spec, default=self.spec.accept(default))

    def __set_name__(self, owner: type, name: str) -> None:
        self.spec = replace(self.spec, name=name)

    def __get__(self, scene: Any, owner: type | None = None) -> Any:
        return self if scene is None else scene._values[self.spec.name]

    def __set__(self, scene: Any, value: Any) -> None:
        name = self.spec.name
        raise ParamError(
            f"self.{name} is a Param and read-only in the scene; use a name of your own, such as self.my_{name}"
        )


class Trigger(Param):
    """A Param that is true for one frame after it was fired."""

    def __init__(self, *, help: str = "") -> None:  # noqa: A002 - the artist's word
        self.spec = ParamSpec("", "trigger", False, help=help)


def specs(cls: type) -> tuple[ParamSpec, ...]:
    """Return the Params of a scene class, inherited ones first, in the order they are written."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base))
    return tuple(value.spec for value in found.values() if isinstance(value, Param))


def _kind(default: Any, low: float | None, high: float | None, choices: Sequence[str]) -> ParamKind:
    if choices:
        if default not in choices:
            raise ParamError(f"a Param's default {_short(default)} must be one of its choices: {', '.join(choices)}")
        return "choice"
    if isinstance(default, bool):
        return "bool"
    if is_colour(default):
        return "colour"
    if not _is_number(default):
        kinds = "a number, a bool, a colour or one of choices=(...)"
        raise ParamError(f"a Param's default must be {kinds}, not {_short(default)}")
    return "whole" if all(part is None or isinstance(part, int) for part in (default, low, high)) else "number"


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _short(value: Any) -> str:
    text = f"'{value}'" if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
