"""Screens: off-screen while there is no display server, windows as soon as there is one."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from engine.clock import sleep_s
from engine.problems import MixeurError
from engine.render import screens as screens_module
from engine.render.headless import HeadlessWindows
from engine.render.screens import Screens
from engine.render.window import Windows
from engine.show.model import Projector
from engine.world import StageSize

STAGE = StageSize(2.0, None, (64, 32))
NAMED = {"left": Projector(name="left", display=0)}


class Desktop:
    """A display server that can be away."""

    def __init__(self) -> None:
        self.is_there = False
        self.windows = HeadlessWindows({"left": Projector(name="left", size=(20, 10))}, STAGE)

    def open(self) -> Windows:
        if not self.is_there:
            raise MixeurError("no display")
        return self.windows  # type: ignore[return-value]


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    yield Desktop()


def screens_of(desktop: Desktop, lines: list[str]) -> Screens:
    return Screens(desktop.open, HeadlessWindows(NAMED, STAGE), lambda: desktop.is_there, lines.append)


def test_it_has_everything_that_windows_have(desktop: Desktop) -> None:
    screens = screens_of(desktop, [])
    assert [name for name in dir(Windows) if not name.startswith("_") and not hasattr(screens, name)] == []
    screens.close()


def test_frames_go_on_off_screen_and_the_windows_open_when_the_server_answers(desktop: Desktop) -> None:
    lines: list[str] = []
    screens = screens_of(desktop, lines)
    assert lines == ["no display; frames are made off-screen until there is one"]
    assert screens.lost == {"left": "no display"} and screens.sizes == {"left": (64, 32)}
    screens.poll(lambda *_: None)
    screens.present({"left": np.zeros((32, 64, 4), np.uint8)})
    desktop.is_there = True
    for _ in range(1000):
        screens.poll(lambda *_: None)
        if not screens.lost:
            break
        sleep_s(0.01)
    assert screens.sizes == {"left": (20, 10)} and len(lines) == 2
    screens.present({"left": np.ones((10, 20, 4), np.uint8)})
    assert desktop.windows.last["left"].any()
    screens.close()


def test_a_server_that_hangs_does_not_keep_the_show_from_starting(desktop: Desktop, monkeypatch) -> None:
    monkeypatch.setattr(screens_module, "PATIENCE_S", 0.05)
    desktop.is_there, freed, lines = True, threading.Event(), []
    screens = Screens(desktop.open, HeadlessWindows(NAMED, STAGE), freed.wait, lines.append)
    screens.poll(lambda *_: None)
    assert screens.lost == {"left": "the display server does not answer"}
    freed.set()
    for _ in range(1000):
        screens.poll(lambda *_: None)
        if not screens.lost:
            break
        sleep_s(0.01)
    assert lines[-1] == "display: there is one; the windows are open"
