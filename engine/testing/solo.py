"""Solo: one scene alone, in a room that a test makes by hand; as fast as the machine is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.assembly import scene_parts, stage_size
from engine.clock import NS
from engine.containment import Failure
from engine.inputs.touch import TouchState
from engine.inputs.touch import step as step_touch
from engine.render import kernels
from engine.render.compositor import Compositor
from engine.render.layer import Group
from engine.scene.parts import SceneFrame
from engine.scene.running import Running
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.show.model import Lamp, TouchInput
from engine.sound.offline import OfflineSound
from engine.world import Now, Touch


class Solo:
    """A scene that is stepped with facts of the room: `solo.step(visitors=(Visitor(1, 0.5, 0.9),))`.

    Args:
        path: The scene's file.
        seed: Of its chance.
        height_px: Of its canvas.
        hears: Whether its sound is made, for `heard`; else only asked for.
        values: Of its Params.

    Attributes:
        now: The room of the newest frame.
        made: What the scene made of it.
        said: What it printed.
    """

    def __init__(
        self, path: Path, seed: int = 1, height_px: int = 180, hears: bool = False, fps: float = 60.0, **values: Any
    ) -> None:
        show = furnish(read_show(path, simulate=True))
        lamps = show.lamps or {"lamp": Lamp(name="lamp")}
        self.show = replace(show, stage=replace(show.stage, height_px=height_px), lamps=lamps)
        (entry,) = self.show.scenes.values()
        self.said: list[str] = []
        self._fps, self.frame = fps, 0
        parts = scene_parts(
            self.show, seed, lambda: round(self.frame * NS / fps), lambda _, line: self.said.append(line)
        )
        self.running = Running(entry, entry.name, parts)
        self._values = {spec.name: values.get(spec.name, spec.default) for spec in self.running.specs}
        self._sound = OfflineSound(self.show.sound) if hears else None
        self._touch = TouchInput(name="ball", source="osc:/contact/level"), TouchState()
        self.now = Now()
        failure = self.running.start(self._values)
        assert failure is None, failure.problem

    @property
    def scene(self) -> Any:
        """Return the scene itself."""
        assert self.running._take is not None
        return self.running._take.scene

    @property
    def time(self) -> float:
        """Return the seconds that were played."""
        return self.frame / self._fps

    def set(self, **values: Any) -> None:
        """Turn Params."""
        self._values |= values

    def step(self, frames: int = 1, **facts: Any) -> SceneFrame:
        """Play some frames in a room of these facts, fields of `Now`, and return what was made in the last one.

        Raises:
            AssertionError: The scene failed; says why.
        """
        assert frames > 0
        for _ in range(frames):
            self.now = Now(time=self.frame / self._fps, dt=1 / self._fps, frame=self.frame, **facts)
            made = self.running.step(self.now, self._values)
            assert not isinstance(made, Failure), made.problem
            self.made = made
            self.frame += 1
            if self._sound is not None:
                for name in tuple(self._sound.control.bound):
                    self._sound.control.tell(name, self.now.touches[name].level if name in self.now.touches else 0.0)
                self._sound.submit((made.sounds,), round(self.now.time * NS))
                self._sound.advance(self.frame / self._fps)
        return self.made

    def touch(self, raw: float | None, **facts: Any) -> Touch:
        """Play one frame in which the ball's sensor gives a raw level, or nothing; return how it was understood."""
        conf, state = self._touch
        now_s = (self.frame + 1) / self._fps
        state, touch = step_touch(state, [] if raw is None else [(now_s, raw)], now_s, conf)
        self._touch = conf, state
        self.step(touches={"ball": touch}, **facts)
        return touch

    def picture(self) -> NDArray[np.uint8]:
        """Return the newest picture, opaque. RGBA, shape (height, width, 4)."""
        groups = (Group(self.made.views["stage"]),)
        size = stage_size(self.show).size_px
        return np.array(Compositor(size, kernels).compose(groups, None))

    def heard(self) -> NDArray[np.float32]:
        """Return all that was heard so far. Shape (frames, channels)."""
        assert self._sound is not None, "make it with hears=True"
        return self._sound.samples

    @property
    def lamps(self) -> Mapping[str, float]:
        """Return the lamps' levels in the newest frame."""
        return {lamp.lamp: lamp.level for lamp in self.made.lamps}
