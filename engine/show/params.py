"""A show's values for Params, checked once the scenes are loaded and say what they have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.problems import Problem, did_you_mean
from engine.scene.param import ParamError, ParamSpec
from engine.show.locate import KeyPath
from engine.show.model import ParamLink, ParamValue, Show
from engine.show.table import nearest, shown


def check_params(show: Show, specs: Mapping[str, Sequence[ParamSpec]]) -> list[Problem]:
    """Return what is wrong with the Params of `[scene.NAME]` and of cues; scenes that `specs` lacks are left out."""
    problems = []
    for path, scene, name, value in _settings(show):
        if scene in specs:
            known = {spec.name: spec for spec in specs[scene]}
            if name not in known:
                near = nearest(name, known, "its Params are")
                problems.append(show.places.problem(path, f"scene '{scene}' has no such Param{near}"))
            else:
                problems += [show.places.problem((*path, *part), wrong) for part, wrong in _wrong(value, known[name])]
    return problems


def _settings(show: Show) -> Iterator[tuple[KeyPath, str, str, ParamValue | ParamLink]]:
    for scene in show.scenes.values():
        for name, value in scene.params.items():
            yield ("scene", scene.name, name), scene.name, name, value
    for index, cue in enumerate(show.programme.cues):
        for name, value in cue.set.items():
            yield ("programme", "cues", index, "set", name), cue.scene, name, value


def _wrong(value: ParamValue | ParamLink, spec: ParamSpec) -> Iterator[tuple[KeyPath, str]]:
    """Yield where within a setting something is wrong, and what."""
    if not isinstance(value, ParamLink):
        if wrong := value_problem(value, spec):
            yield (), wrong
        return
    if value.start is not None and (wrong := value_problem(value.start, spec)):
        yield ("start",), wrong
    for end, limit in (("low", value.low), ("high", value.high)):
        if limit is not None and spec.kind not in ("number", "whole"):
            yield (end,), f"a Param of kind {spec.kind} has no range"
        elif limit is not None and (wrong := value_problem(limit, spec)):
            yield (end,), wrong


def value_problem(value: ParamValue, spec: ParamSpec) -> str:
    """Return what keeps a Param from taking a value as it stands, or an empty text."""
    if spec.kind == "trigger":
        return 'is a trigger and holds no value; give it a source, such as { from = "key:space" }'
    try:
        spec.accept(value)
    except ParamError:
        near = did_you_mean(value, spec.choices) if isinstance(value, str) else ""
        return f"must be {spec.expects}, not {shown(value)}{near}"
    if isinstance(value, bool | str | tuple) or spec.kind not in ("number", "whole"):
        return ""
    if spec.kind == "whole" and value != int(value):
        return f"must be {spec.expects}, not {shown(value)}"
    if (spec.low is not None and value < spec.low) or (spec.high is not None and value > spec.high):
        return f"{shown(value)} is out of range; must be {_span(spec)}"
    return ""


def _span(spec: ParamSpec) -> str:
    low = f"from {spec.low:g}" if spec.low is not None else ""
    high = f"to {spec.high:g}" if spec.high is not None else ""
    return " ".join(filter(None, (low, high, spec.unit)))
