"""Scenes on paper: `new_evening(*cues)` begins a show on a virtual clock, `started` runs one scene alone."""

from __future__ import annotations

import datetime
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.aside import at_once
from engine.containment import Failure
from engine.director import Director
from engine.frame import Frame
from engine.light.lights import Lights
from engine.problems import Problem
from engine.render.layer import Layer
from engine.scene.param import ParamSpec
from engine.scene.parts import Parts, SceneFrame
from engine.scene.running import Running
from engine.show.model import Cue, Lamp, Programme, SceneEntry, Show, Stage
from engine.sound.events import Hold, Sounds
from engine.world import Event, Now, StageSize

NOON = datetime.datetime(2014, 6, 21, 12, 0)
FPS = 60
SCENE = """from engine import Param, Scene, Trigger
class {title}(Scene):
    hue = Param(0.0, 0, 1)
    mood = Param("calm", choices=("calm", "wild"))
    tint = Param("#000000")
    many = Param(1, 1, 9)
    flash = Trigger()
    def setup(self, stage): self.began_with = (self.hue, self.many)
    def play(self, sound, now): sound.hold("tone")
    def light(self, lights, now): lights["lamp"].set("{colour}")
"""
COLOURS = {"red": "#ff0000", "blue": "#0000ff", "calm": "#000000", "safe": "#ffffff"}
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


def paper_parts(folder: Path, lamps: Mapping[str, Lamp], stage: Stage, said: list[str]) -> Parts:
    return Parts(
        stage=StageSize(2.0, None, (8, 4)),
        seed=7,
        folder=folder,
        make_canvas=PaperCanvas,
        make_score=lambda owner, rng: PaperScore(owner),
        make_lights=lambda: Lights(lamps, stage),
        now_ns=lambda: 0,
        say=lambda scene, line: said.append(f"{scene}: {line}"),
    )


class Evening:
    """A show of three small scenes on a virtual clock; what each frame weighed is kept."""

    def __init__(self, folder: Path, *cues: Cue, wall: datetime.datetime = NOON, **changes: Any) -> None:
        self.folder, self.wall, self.frame = folder, wall, 0
        self.told: list[str] = []
        self.history: list[dict[str, float]] = []
        for name, colour in COLOURS.items():
            self.write(name, SCENE.format(title=name.title(), colour=colour))
        self.parts = paper_parts(folder, {"lamp": Lamp(name="lamp")}, Stage(), [])
        self.show = self.show_of(cues, **changes)
        self.director = Director(
            self.show, lambda entry, key: Running(entry, key, self.parts), lambda p: self.told.append(str(p))
        )

    def show_of(
        self,
        cues: tuple[Cue, ...],
        fallback: str | None = None,
        fallbacks: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        names: tuple[str, ...] = tuple(COLOURS),
    ) -> Show:
        scenes = {
            name: SceneEntry(
                name=name,
                file=Path(f"{name}.py"),
                fallback=(fallbacks or {}).get(name),
                params=(params or {}).get(name, {}),
            )
            for name in names
        }
        return Show(folder=self.folder, stage=Stage(fallback=fallback), scenes=scenes, programme=Programme(cues=cues))

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(text)

    def edit(self, name: str, extra: str) -> None:
        self.write(name, SCENE.format(title=name.title(), colour=COLOURS.get(name, "#00ff00")) + extra)

    def reload(self, name: str) -> tuple[Problem, ...]:
        """Take a scene's file as it is now; return why it is not taken."""
        every = self.director.reloads({(self.folder / f"{name}.py").resolve()})
        return tuple(problem for steps in every.values() if (problem := at_once(steps)) is not None)

    def play(self, seconds: float = 1 / FPS, *events: Event, dt: float = 1 / FPS, **facts: Any) -> Frame:
        for _ in range(round(seconds / dt)):
            now = Now(time=self.frame / FPS, dt=dt, frame=self.frame, **facts)
            self.last = self.director.step(now, events, self.wall)
            self.history.append(self.weights())
            self.frame += round(dt * FPS)
            self.wall += datetime.timedelta(seconds=dt)
            events = ()
        return self.last

    def weights(self) -> dict[str, float]:
        return {running.name: self.director._fade.weights[running] for running in self.director.shown}

    def value(self, address: str) -> Any:
        entry = self.director.params.entry(address)
        assert entry is not None
        return entry.value

    def scene(self, name: str) -> Any:
        take = self.director._cast.scenes[name]._take
        return take.scene if take else None

    @property
    def problems(self) -> list[str]:
        return [str(problem) for problem in self.director.problems]

    def largest_step(self, since: int = 0) -> float:
        """Return the largest change of a scene's weight from one frame to the next."""
        history = self.history[since:]
        return max(
            abs(after.get(name, 0.0) - before.get(name, 0.0)) for before, after in pairwise(history) for name in COLOURS
        )

    def breaking(self, name: str, when: str) -> None:
        """Make a scene fail before it has started, so that no older version can come back."""
        self.edit(name, f"    def update(self, now):\n        if now.{when}: 1 / 0\n")
        self.reload(name)
        assert not self.told


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
        self.parts = paper_parts(folder, lamps, stage, self.said)
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
        return at_once(self.running.reload(self.values_of))

    @property
    def scene(self) -> Any:
        assert self.running._take is not None
        return self.running._take.scene


@pytest.fixture(scope="module")
def paris() -> Iterator[None]:
    """The machine's zone is Europe/Paris, by its rule, so that no zone database is needed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def new_evening(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Evening]:
    def begin(*cues: Cue, broken: str = "", **changes: Any) -> Evening:
        folder = tmp_path_factory.mktemp("show")
        if broken:
            (folder / "broken.py").write_text(broken)
        return Evening(folder, *cues, **changes)

    return begin


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


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Ctrl+C is heard, as at a terminal: what a shell starts behind it ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
