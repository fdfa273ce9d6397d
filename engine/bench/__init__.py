"""The figures of the engine: one module a part, found by name; other packages add theirs by entry points.

Each module has `FIGURES: tuple[Figure, ...]`, imports neither numba nor a device at its top, and has
`measure(names: Collection[str]) -> list[Record]`, which imports what it needs, measures the named figures interleaved
with their peers in at most 20 s, and may raise `MixeurError` where the machine lacks something. A module whose pictures
are made at random also takes `seed: int = 1`, one that plays scenes `scenes: Sequence[str]`, 40 s each. The file's name
asks for all figures of a module.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Collection, Mapping
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from engine.bench.figure import Figure, Record

GROUP = "mixeur.figures"


class BenchModule(Protocol):
    """What every module of this folder that has figures offers."""

    __name__: str
    FIGURES: tuple[Figure, ...]

    def measure(self, names: Collection[str], **choices: Any) -> list[Record]:
        """Return the records of the named figures."""


def bench_modules() -> list[BenchModule]:
    """Return the modules of this folder that have figures, by name, and those of the group `mixeur.figures`."""
    found = [importlib.import_module(f"{__name__}.{entry.name}") for entry in pkgutil.iter_modules(__path__)]
    found += [entry.load() for entry in entry_points(group=GROUP)]
    return [cast(BenchModule, module) for module in found if hasattr(module, "FIGURES")]


def measured(module: BenchModule, names: Collection[str], choices: Mapping[str, Any]) -> list[Record]:
    """Return the records of the named figures of a module, with those of the choices that it takes."""
    taken = inspect.signature(module.measure).parameters
    return module.measure(names, **{name: choice for name, choice in choices.items() if name in taken})
