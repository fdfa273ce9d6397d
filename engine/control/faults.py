"""Faults: what is wrong now, each told once, the newest last."""

from __future__ import annotations

from collections.abc import Callable, Collection

from engine.problems import Problem, did_you_mean
from engine.show.model import Show

KEPT, MOST_UNKNOWN = 100, 20


class Faults:
    """Problems by what they are about.

    Args:
        report: Gets each new problem once.
    """

    def __init__(self, report: Callable[[Problem], None]) -> None:
        self._report = report
        self._problems: dict[str, Problem] = {}

    @property
    def all(self) -> tuple[Problem, ...]:
        """Return what is wrong now, the newest last."""
        return tuple(self._problems.values())

    def tell(self, about: str, problem: Problem) -> None:
        """Note a problem in place of the one before about the same."""
        if self._problems.pop(about, None) != problem:
            self._report(problem)
        self._problems[about] = problem
        while len(self._problems) > KEPT:
            del self._problems[next(iter(self._problems))]

    def tell_first(self, about: str, problem: Problem | None) -> None:
        """Note a problem unless there is one about the same, or none at all."""
        if problem is not None and about not in self._problems:
            self.tell(about, problem)

    def tell_unknown(self, names: Collection[str], show: Show) -> None:
        """Note what scenes ask for and the show does not have, such as `touch ball`."""
        for name in names:
            if f"unknown {name}" in self._problems or self._count("unknown ") >= MOST_UNKNOWN:
                continue
            kind, _, rest = name.rpartition(" ")
            known = {"touch": show.touches, "signal": show.signals, "camera": show.cameras, "light": show.lamps,
                     "mic": show.mics}
            near = did_you_mean(rest, known.get(kind, {})) or "; add it to the show file or correct the scene"
            text = f"a scene asks for it and the show has none{near}"
            self.tell(f"unknown {name}", Problem(f"{kind}.{rest}", 0, text))

    def forget(self, *beginnings: str) -> None:
        """Drop problems that may be mended; those that are not are told again."""
        self._problems = {about: told for about, told in self._problems.items() if not about.startswith(beginnings)}

    def _count(self, beginning: str) -> int:
        return sum(about.startswith(beginning) for about in self._problems)
