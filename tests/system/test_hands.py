"""Hands at real windows: a corner dragged in the light, and the operator's slider and button."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.control.corner_pin import CornerPin, draw_corners
from engine.control.operator import Action, CueMark, Operator, OperatorView, ParamMark, Press, SetParam
from engine.control.panel import ACCENT
from engine.render.layer import Group, Layer, Picture
from engine.render.lettering import Lettering
from engine.render.pinned import PinnedLight
from engine.render.stage import Beam, LightOutput
from engine.render.window import Windows
from engine.render.window_input import OPERATOR, PointerEvent
from engine.scene.param import ParamSpec
from engine.show.model import Projector
from engine.show.profile import Profile, read_profile, write_profile
from engine.world import StageSize
from tests.system.rig import Picture as Shot
from tests.system.rig import Projectors, missing_tools, until

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"the projector rig needs {missing_tools()}"),
]
HD = (1280, 720)
STAGE = StageSize(16 / 9, None, HD)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closing: ExitStack) -> Projectors:
    rig = Projectors([HD, HD], tmp_path)
    closing.callback(rig.stop)
    monkeypatch.setenv("DISPLAY", rig.display)
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    return rig


class Room:
    """A white stage on two projectors, and the corner pin on: what a frame of the show does with hands."""

    def __init__(self, folder: Path, closing: ExitStack) -> None:
        self.folder = folder
        self.lettering = Lettering()
        projectors = {name: Projector(name=name, display=index) for index, name in enumerate(("left", "right"))}
        self.windows = Windows(projectors, STAGE)
        closing.callback(self.windows.close)
        self.pin = CornerPin.begin({name: Profile.identity(size) for name, size in self.windows.sizes.items()})
        beams = {name: Beam(profile=profile) for name, profile in self.pin.profiles.items()}
        self.light = LightOutput(beams, HD)
        closing.callback(self.light.close)
        self.pinned = PinnedLight(self.light, beams)
        closing.callback(self.pinned.close)
        self.picture = Picture({"stage": (Group((Layer(np.full((720, 1280, 4), 255, np.uint8)),)),)})

    def frame(self) -> None:
        self.pin = self.pin.step(self.windows.poll(lambda *_: None))
        for name in self.pin.saved:
            self.pinned.pin(name, self.pin.profiles[name])
            write_profile(self.folder / f"{name}.toml", self.pin.profiles[name])
        self.pinned.catch_up()
        frames, lit = self.light.render(self.picture), self.pinned.lit()
        self.windows.present({name: draw_corners(self.pin, name, frames[name], lit[name], self.lettering)
                              for name in frames})

    def comes_to(self, corner: tuple[float, float]) -> bool:
        """Whether, frame after frame, the right projector's first corner comes to lie there."""

        def there() -> bool:
            self.frame()
            return self.pin.corners("right")[0] == corner

        return until(there)


def lit(rig: Projectors, output: int) -> bool:
    """Whether a projector shows the white stage between the corner pin's marks, up to its top left corner."""
    return bool((rig.light(output)[80:160, 80:160] == 255).all())


def test_a_corner_dragged_on_the_wall_moves_the_picture_in_that_frame_and_is_saved_when_let_go(
    rig: Projectors, tmp_path: Path, closing: ExitStack
) -> None:
    room = Room(tmp_path, closing)
    file = tmp_path / "right.toml"
    assert until(lambda: bool(room.frame() or (lit(rig, 0) and lit(rig, 1))))
    rig.hand("mousemove", 1280 + 4, 4, "mousedown", 1, "mousemove", 1280 + 304, 204)
    assert room.comes_to((300.0, 200.0))
    assert rig.light(1)[100, 100].tolist() == [0, 0, 0]
    assert rig.light(1)[260, 370].tolist() == [255, 255, 255]
    assert lit(rig, 0)
    assert not file.exists()
    rig.hand("mouseup", 1)
    assert until(lambda: bool(room.frame() or file.exists()))
    assert rig.light(1)[100, 100].tolist() == [0, 0, 0]
    assert rig.light(1)[260, 370].tolist() == [255, 255, 255]
    assert read_profile(file).corners == ((300.0, 200.0), (1280.0, 0.0), (1280.0, 720.0), (0.0, 720.0))
    rig.hand("key", "shift+Right")
    assert room.comes_to((310.0, 200.0))
    rig.hand("key", "Down")
    assert room.comes_to((310.0, 201.0))
    rig.hand("key", "u", "key", "u", "key", "u")
    assert room.comes_to((0.0, 0.0))
    assert lit(rig, 1)
    assert read_profile(file).corners == Profile.identity(HD).corners
    rig.hand("key", "Escape")
    assert until(lambda: bool(room.frame() or not room.pin.is_open))


def test_a_corner_dragged_across_is_refused_in_words_in_the_light(
    rig: Projectors, tmp_path: Path, closing: ExitStack
) -> None:
    room = Room(tmp_path, closing)
    rig.hand("mousemove", 1280 + 4, 4, "mousedown", 1, "mousemove", 1280 + 1200, 600)
    assert until(lambda: bool(room.frame() or room.pin.refusal))
    assert room.pin.corners("right")[0] == (0.0, 0.0)
    frame = np.zeros((720, 1280, 4), np.uint8)
    lit = room.pin.profiles["right"]
    quiet = draw_corners(replace(room.pin, refusal=""), "right", frame, lit, room.lettering)
    room.windows.present({"right": draw_corners(room.pin, "right", frame, lit, room.lettering)})
    assert (rig.light(1) != quiet[..., 2::-1]).any()
    rig.hand("mouseup", 1)
    assert until(lambda: bool(room.frame() or room.pin.held is None))
    assert not (tmp_path / "right.toml").exists()


def place_of(shot: Shot, colour: tuple[int, int, int]) -> tuple[int, int]:
    """Return the middle (x, y) of a colour in a picture."""
    rows, columns = np.nonzero((shot == colour).all(axis=2))
    return round(float(columns.mean())), round(float(rows.mean()))


def test_the_operators_slider_follows_the_hand_and_its_button_is_pressed(rig: Projectors, closing: ExitStack) -> None:
    windows = Windows({"right": Projector(name="right", display=1)}, STAGE)
    closing.callback(windows.close)
    operator = Operator(Lettering())
    hue = ParamMark("/scene/embers/hue", ParamSpec("hue", "number", 0.1, 0.0, 1.0), 0.1)
    view = OperatorView(name="Embers", scene="embers", params=(hue,), cues=(CueMark("one", "embers"),))
    accent = (ACCENT[2], ACCENT[1], ACCENT[0])
    acts: list[Action] = []
    released: list[PointerEvent] = []

    def frame() -> None:
        size = windows.operator_size
        assert size is not None
        for event in windows.poll(lambda *_: None).pointer:
            assert event.window == OPERATOR
            act = operator.hit(view, size, event)
            acts.extend([act] if act else [])
            released.extend([event] if event.kind == "release" else [])
        windows.present_operator(operator.draw(view, size))

    assert until(lambda: bool(frame() or (rig.light(0) == accent).all(axis=2).any()))
    shot = rig.light(0)
    knob, go = place_of(shot[:360], accent), place_of(shot[360:], accent)
    rig.hand("mousemove", *knob, "mousedown", 1, "mousemove", knob[0] + 100, knob[1] + 200, "mouseup", 1)
    assert until(lambda: bool(frame() or released))
    assert all(isinstance(act, SetParam) and act.address == hue.address for act in acts)
    first, last = (act.value for act in (acts[0], acts[-1]) if isinstance(act, SetParam))
    assert 0.2 < last - first < 0.5
    acts.clear()
    rig.hand("mousemove", go[0], 360 + go[1], "click", 1)
    assert until(lambda: bool(frame() or acts))
    assert acts == [Press("go")]
