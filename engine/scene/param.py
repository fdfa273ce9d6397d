"""Params: what of a scene can be turned, with range, unit and help, declared on the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ParamKind = Literal["number", "whole", "bool", "choice", "colour", "trigger"]


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
