"""The memory watch: whether a show's memory grows beyond bounds, and which scene made it grow. Pure."""

from __future__ import annotations

from collections.abc import Collection

from engine.supervise.footprint import GIB, Footprint

LEAST, SHARE = GIB, 0.25  # growth that is borne: a gibibyte or this share of the machine, whichever is more
SCARCE, SCARCE_GROWTH = 0.1, GIB // 4  # where so little of the machine is free, much less is borne
SETTLING = 5  # looks after which the level counts from which growth is told


class MemoryWatch:
    """Judges one look after another, about one a second.

    Args:
        least, share: Growth that is borne, in bytes and as a share of the machine.
    """

    def __init__(self, least: int = LEAST, share: float = SHARE) -> None:
        self._least, self._share = least, share
        self._looks = self._level = self._last = 0
        self._grown: dict[str, int] = {}

    def look(self, now: Footprint, shown: Collection[str]) -> str | None:
        """Return the name of the scene that is to be let go, or None.

        Args:
            shown: Names of the scenes whose code has run since the last look.
        """
        self._looks += 1
        if self._looks <= SETTLING:
            self._level = self._last = now.own
            return None
        for name in shown:
            self._grown[name] = self._grown.get(name, 0) + (now.own - self._last) // len(shown)
        self._last, self._level = now.own, min(self._level, now.own)
        growth = now.own - self._level
        is_scarce = now.free < SCARCE * now.total and growth > min(SCARCE_GROWTH, self._least)
        if not shown or not (is_scarce or growth > max(self._least, self._share * now.total)):
            return None
        culprit = max(shown, key=lambda name: self._grown.get(name, 0))
        self._looks, self._grown = 0, {}  # anew: what cannot be given back is no other scene's fault
        return culprit
