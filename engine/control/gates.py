"""Gates: what a scene keeps closed of the house: waves (the network), sounds, others (the cameras). Pure.

A gate is closed only while a scene that is shown asks for it in every frame, so none stays closed after a reload, a
fade or a crash. What really closes, sockets, streams and cameras, is done at the rim, by `engine/doors.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from engine.control.fade import Ramp
from engine.frame import Frame
from engine.world import OPEN, Now

FADE_S, HUSH_S = 0.2, 3.0


class Gates:
    """The three gates.

    Attributes:
        closed: Those that were asked to be closed in the newest frame.
    """

    def __init__(self) -> None:
        self.closed: frozenset[str] = frozenset()
        self._ramps = {name: Ramp(FADE_S) for name in OPEN}
        self._hush = Ramp(HUSH_S)

    def ask(self, closed: Iterable[str]) -> None:
        """Take what the shown scenes of a frame keep closed."""
        self.closed = frozenset(closed)
        for name, ramp in self._ramps.items():
            ramp.on = name in self.closed

    def meet(self, now: Now) -> Now:
        """Return the room as it is behind the gates: with the others closed out nobody is known to be there."""
        levels = {name: 1.0 - ramp.step(now.dt) for name, ramp in self._ramps.items()}
        self._hush.on = now.quiet
        self._hush.step(now.dt)
        if all(level == 1.0 for level in levels.values()):
            return now
        now = replace(now, gates=MappingProxyType(levels))
        if levels["sounds"] == 0.0:
            now = replace(now, mics={name: type(mic)() for name, mic in now.mics.items()})
        if "others" not in self.closed:
            return now
        return replace(now, presence="unknown", visitors=(), unseen=0, arrivals=(), departures=(), contacts=(),
                       motion=0.0, masks={}, flows={}, mattes={})

    def quieten(self, frame: Frame, quiet_db: float) -> Frame:
        """Return a frame with its sounds as loud as their gate is open, and less by `quiet_db` where it is quiet."""
        gain = (1.0 - self._ramps["sounds"].level) * 10 ** (quiet_db * self._hush.level / 20)
        if gain == 1.0:
            return frame
        return replace(frame, sounds=tuple(replace(sounds, gain=sounds.gain * gain) for sounds in frame.sounds))
