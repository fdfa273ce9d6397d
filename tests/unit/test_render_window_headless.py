"""Windows without a display: the same interface, pictures kept."""

import inspect

import numpy as np

from engine.render.headless import HeadlessWindows
from engine.render.window import Windows
from engine.render.window_input import WindowInput
from engine.show.model import Projector
from engine.world import StageSize

STAGE = StageSize(2.0, None, (64, 32))


def picture(value: int, size: tuple[int, int] = (64, 32)) -> np.ndarray:
    return np.full((size[1], size[0], 4), value, np.uint8)


def test_it_has_everything_that_windows_have() -> None:
    headless = HeadlessWindows({}, STAGE)
    for name, member in inspect.getmembers(Windows):
        if name.startswith("_"):
            continue
        assert hasattr(headless, name), name
        if inspect.isfunction(member):
            theirs, ours = inspect.signature(member), inspect.signature(getattr(HeadlessWindows, name))
            assert list(theirs.parameters) == list(ours.parameters), name
    assert headless.lost == {} and headless.poll(lambda *_: (0.0, 0.0)) == WindowInput()


def test_a_projector_has_its_own_size_or_the_stages() -> None:
    named = {"a": Projector(name="a", size=(20, 10), display=7), "b": Projector(name="b", display="HDMI-1")}
    assert HeadlessWindows(named, STAGE).sizes == {"a": (20, 10), "b": (64, 32)}
    assert HeadlessWindows({}, STAGE).sizes == {"stage": (64, 32)}


def test_the_newest_picture_of_each_is_kept_apart_from_the_callers_memory() -> None:
    screens = HeadlessWindows({name: Projector(name=name) for name in "ab"}, STAGE)
    frame = picture(5)
    screens.present({"a": frame, "b": picture(9)})
    frame[:] = 0
    screens.present({"b": picture(7, (20, 10))})
    assert (screens.last["a"] == 5).all() and screens.last["b"].shape == (10, 20, 4) and (screens.last["b"] == 7).all()
