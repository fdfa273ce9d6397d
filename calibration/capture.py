"""Capture: shows the frames of a scan, grabs them, verifies each pair as it arrives, and takes again what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.check import (
    REMEDIES,
    Fault,
    Reference,
    has_moved,
    is_late,
    is_repeated,
    pair_fault,
    reference_of,
    white_fault,
)
from calibration.decode import Scan
from calibration.patterns import Pattern, Plan
from engine.problems import MixeurError

Picture = NDArray[Any]
TRIES, TRIES_WHITE, PUNCTUAL = 4, 6, 2
TRIES_LATE = 10  # a busy machine may be late for seconds: the wait grows until then
EASED = 0.9  # of a wait that grew, after each pair that is right: the machine may be at rest again
LATE: tuple[Fault, ...] = ("stale", "torn", "dark")  # white that comes late looks dark
LONGEST_WAIT_S = 2.0
COARSE_BIT = 3  # its stripes are 16 pixels wide
TREMBLES: tuple[Fault, ...] = ("moved", "stale", "torn")  # what a trembling picture may look like


class Rig(Protocol):
    """Projectors and cameras, real or simulated."""

    def show(self, projector: str, frame: NDArray[np.uint8]) -> float:
        """Give a frame, shape (height, width), to a projector; return when, in seconds."""

    def grab(self, camera: str) -> tuple[Picture, float]:
        """Return the camera's next picture, grey, and when it was asked for, in seconds."""

    def wait(self, seconds: float) -> None:
        """Let time go by."""


@dataclass
class Taken:
    """A scan and what was seen while it was taken.

    Attributes:
        faults: Each fault that was found, with the pattern's name; what was taken again and is good now as well.
        wait_s: How long each frame was left to settle in the end.
    """

    scan: Scan
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    wait_s: float = 0.0


def take(rig: Rig, projector: str, camera: str, plan: Plan, wait_s: float, gamma: float = 1.0,
         on_frame: Callable[[int, int], None] = lambda done, total: None) -> Taken:
    """Scan one projector with one camera.

    Args:
        wait_s: From showing a frame until the camera may be asked; grows where frames come stale.
        gamma: The camera's, 1 if its numbers are light.
    Raises:
        MixeurError: A frame stays wrong after some tries; with cause and remedy.
    """
    taker = _Taker(rig, projector, camera, plan, wait_s, gamma)
    reference = taker.reference()
    pictures = {Pattern("white"): taker.whites[0], Pattern("black"): taker.blacks[0]}
    for number, pattern in enumerate(plan.patterns):
        if pattern.role == "bit" and not pattern.inverse:
            pictures |= taker.pair(pattern, reference)
        elif pattern not in pictures:
            pictures[pattern] = taker.picture(pattern)
        on_frame(number + 1, len(plan.patterns))
    if has_moved(taker.whites[0], taker.picture(Pattern("white")), reference):
        taker.faults.append(("white", "moved"))
    return Taken(Scan(plan, [pictures[pattern] for pattern in plan.patterns]), taker.faults, taker.wait_s)


class _Taker:
    def __init__(self, rig: Rig, projector: str, camera: str, plan: Plan, wait_s: float, gamma: float) -> None:
        self._rig, self._projector, self._camera, self._plan, self._gamma = rig, projector, camera, plan, gamma
        self.wait_s = self._least_s = wait_s
        self.faults: list[tuple[str, Fault]] = []
        self.whites: tuple[Picture, ...] = ()
        self.blacks: tuple[Picture, ...] = ()
        self._is_trembling = False
        self._last: Picture | None = None
        self._shown: Picture | None = None  # of the pair before

    def picture(self, pattern: Pattern) -> Picture:
        """Show a pattern and return what the camera sees of it."""
        self._rig.show(self._projector, self._plan.frame(pattern))
        self._rig.wait(self.wait_s)
        self._last = self._rig.grab(self._camera)[0]
        return self._last

    def reference(self) -> Reference:
        """Take white and black twice; the second black tells whether the camera lags behind."""
        for _ in range(TRIES_WHITE):
            white = self.picture(Pattern("white"))
            whites = (white, self._rig.grab(self._camera)[0])
            black = self.picture(Pattern("black"))
            blacks = (black, self._rig.grab(self._camera)[0])
            reference = reference_of(whites, blacks, self._gamma)
            fault = white_fault(white, reference)
            if not fault and _agree(whites, reference) and _agree(blacks, reference):
                self.whites, self.blacks = whites, blacks
                return reference
            self._again("white", fault or "stale")
        raise self._failed("white", self.faults[-1][1])

    def pair(self, pattern: Pattern, reference: Reference) -> dict[Pattern, Picture]:
        """Take a bit and its inverse until they add up."""
        inverse = Pattern(pattern.role, pattern.axis, pattern.bit, True)
        if inverse not in self._plan.patterns:
            return {pattern: self.picture(pattern)}
        before = self.blacks[0] if self._last is None else self._last
        punctual = 0  # tries in a row that look like no other frame
        for number in range(TRIES_LATE):
            taken = {pattern: self.picture(pattern), inverse: self.picture(inverse)}
            fault = self._fault(taken[pattern], taken[inverse], reference)
            if not fault:
                self._shown = taken[pattern]
                self.wait_s = max(EASED * self.wait_s, self._least_s)
                return taken
            late = fault not in TREMBLES or is_late(taken[pattern], taken[inverse], before, reference,
                                                    pattern.bit >= COARSE_BIT)
            punctual = 0 if late else punctual + 1
            self._again(str(pattern), "moved" if self._is_trembling and not late else fault)
            if (not late and self._is_trembling) or (number + 1 >= TRIES and punctual >= PUNCTUAL):
                self._is_trembling = True  # a trembling floor: the fit averages it, the report says so
                return taken
            if number + 1 >= TRIES and fault not in TREMBLES:
                break
            before = self.whites[0]
        raise self._failed(str(pattern), fault)

    def _fault(self, shown: Picture, inverse: Picture, reference: Reference) -> Fault:
        if self._shown is not None and is_repeated(shown, inverse, self._shown, reference):
            return "stale"
        return pair_fault(shown, inverse, reference)

    def _again(self, name: str, fault: Fault) -> None:
        self.faults.append((name, fault))
        if fault in LATE:
            self.wait_s = min(1.5 * self.wait_s + 0.01, LONGEST_WAIT_S)
        # were the inverse the frame before, a camera that lags by one would swap both, and they would add up
        self._rig.show(self._projector, self._plan.frame(Pattern("white")))

    def _failed(self, name: str, fault: Fault) -> MixeurError:
        which = f"scan: projector {self._projector}: frame '{name}'"
        return MixeurError(f"{which} stays wrong ({fault}): {REMEDIES[fault]}")


def _agree(pair: tuple[Picture, Picture], reference: Reference) -> bool:
    return not has_moved(pair[0], pair[1], reference)
