"""A scene file that is written, run and edited, on a canvas of paper: `write_scene` writes one, `started` starts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.containment import Failure
from engine.light.lights import Lights
from engine.render.layer import Layer
from engine.scene.param import ParamSpec
from engine.scene.running import Parts, Running, SceneFrame
from engine.show.model import Lamp, SceneEntry, Stage
from engine.sound.events import Hold, Sounds
from engine.world import Now, StageSize

HEAD = "from engine import Param, Scene, Trigger, hsv\n"


class PaperCanvas:
    """A canvas of 8 x 4 pixels whose only verb is `fill`."""

    def __init__(self) -> None:
        self.pixels = np.zeros((4, 8, 4), np.uint8)

    def begin(self, now: Now) -> None:
        self.pixels[:] = 0

    def fill(self, colour: tuple[float, ...]) -> None:
        self.pixels[..., :3] = np.asarray(colour[:3]) * 255
        self.pixels[..., 3] = 255

    def end(self) -> Mapping[str, tuple[Layer, ...]]:
        return {"stage": (Layer(self.pixels),)}

    def close(self) -> None:
        pass


class PaperScore:
    """A score whose only verb is `hold`."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def begin(self, now: Now) -> None:
        self.holds: list[Hold] = []

    def hold(self, key: str) -> None:
        self.holds.append(Hold(key))

    def end(self, gain: float) -> Sounds:
        return Sounds(self.owner, holds=tuple(self.holds), gain=gain)


class Bench:
    """A scene file that is written, run and edited."""

    def __init__(self, folder: Path, body: str, head: str = HEAD, **values: Any) -> None:
        self.folder = folder
        self.values = values
        self.said: list[str] = []
        self.frame = 0
        self.write(body, head)
        stage = Stage(size_m=(4.0, 2.0))
        lamps = {"lamp": Lamp(name="lamp", at_m=(3.0, 1.0), group="row"), "other": Lamp(name="other")}
        self.parts = Parts(
            stage=StageSize(2.0, None, (8, 4)),
            seed=7,
            folder=folder,
            make_canvas=PaperCanvas,
            make_score=lambda owner, rng: PaperScore(owner),
            make_lights=lambda: Lights(lamps, stage),
            now_ns=lambda: 0,
            say=lambda scene, line: self.said.append(f"{scene}: {line}"),
        )
        self.running = Running(SceneEntry(name="embers", file=Path("embers.py")), "embers", self.parts)

    def write(self, body: str, head: str = HEAD, name: str = "embers.py") -> None:
        (self.folder / name).write_text(head + body)

    def values_of(self, specs: tuple[ParamSpec, ...]) -> dict[str, Any]:
        return {spec.name: self.values.get(spec.name, spec.default) for spec in specs}

    def start(self) -> Failure | None:
        return self.running.start(self.values_of(self.running.specs))

    def step(self, frames: int = 1, **facts: Any) -> SceneFrame | Failure:
        for _ in range(frames):
            now = Now(time=self.frame / 60, frame=self.frame, **facts)
            made = self.running.step(now, self.values_of(self.running.specs))
            self.frame += 1
        return made

    def reload(self) -> Failure | None:
        return self.running.reload(self.values_of)

    @property
    def scene(self) -> Any:
        assert self.running._take is not None
        return self.running._take.scene


@pytest.fixture
def write_scene(tmp_path: Path) -> Callable[..., Bench]:
    return lambda body, **changes: Bench(tmp_path, body, **changes)


@pytest.fixture
def started(write_scene: Callable[..., Bench]) -> Callable[..., Bench]:
    def start(body: str, **changes: Any) -> Bench:
        bench = write_scene(body, **changes)
        assert bench.start() is None
        return bench

    return start
