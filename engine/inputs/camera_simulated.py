"""Simulated visitors as a camera's source, and as those who stand in for a camera that is lost."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.camera import SimulatedCamera, fake_room
from engine.fake.visitors import Guest, SimulatedPerson, Visitors
from engine.show.model import Camera
from engine.vision.eye import Eye
from engine.vision.sizes import simulated_size
from engine.world import Pixels

STAND_IN_IDS = 500_000  # simulated people never have the number of a real one


def simulated(camera: Camera, aspect: float) -> SimulatedCamera:
    """Return the simulated room of a camera, the same for the same name."""
    visitors = Visitors(zlib.crc32(camera.name.encode()), aspect)
    return SimulatedCamera(visitors, simulated_size(camera.size), fake_room(camera.key))


class SimulatedSource:
    """Simulated visitors at the camera's pace, with the mouse as a guest."""

    truncated = skipped = 0
    may_repeat = True

    def __init__(self, fake: SimulatedCamera, fps: float, header: Any) -> None:
        self._fake, self._step_ns, self._header = fake, round(NS / fps), header
        self._start_ns = self._due_ns = monotonic_ns()
        self._guest = Guest(fake.visitors.aspect)

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return the next picture when it is due."""
        sleep_s(max(0.0, (self._due_ns - monotonic_ns()) / NS))
        captured_ns = monotonic_ns()
        self._due_ns = max(self._due_ns, captured_ns - self._step_ns) + self._step_ns
        time = (captured_ns - self._start_ns) / NS
        return self._fake.picture(time, self._guest_at(time)), captured_ns

    def close(self) -> None:
        """Do nothing: there is no device."""

    def _guest_at(self, time: float) -> SimulatedPerson | None:
        present, x, y = self._header["guest"].tolist()
        if not present:
            self._guest.leave()
            return None
        return self._guest.follow(time, x * self._fake.visitors.aspect, y)


class StandIn:
    """Simulated visitors while a camera is lost (`lost = "simulate"`), seen by an eye of their own.

    Attributes:
        eye: What they are keyed and tracked with.

    Args:
        first_id: Ids count from here.
    """

    def __init__(self, camera: Camera, aspect: float, first_id: int) -> None:
        self._fake = simulated(camera, aspect)
        self.eye = Eye(replace(camera, size=self._fake.size), first_id=max(first_id, STAND_IN_IDS))
        self.eye.learn(self._fake.empty())
        self._step_ns = round(NS / camera.fps)
        self._due_ns = 0

    def due_s(self, now_ns: int) -> float:
        """Return how long it is until the next picture."""
        return max(0.0, (self._due_ns - now_ns) / NS)

    def picture(self, now_ns: int) -> Pixels | None:
        """Return the next picture if it is due (monotonic ns)."""
        if now_ns < self._due_ns:
            return None
        self._due_ns = max(self._due_ns, now_ns - self._step_ns) + self._step_ns
        return self._fake.picture(now_ns / NS)
