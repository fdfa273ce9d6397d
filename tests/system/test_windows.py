"""Windows under a real X server with simulated projectors."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from engine.problems import MixeurError
from engine.render.window import Windows
from engine.render.window_input import OPERATOR, PointerEvent, ToStage, WindowInput
from engine.show.model import Projector
from engine.world import StageSize
from tests.system.rig import Picture, Projectors, missing_tools, until

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"the projector rig needs {missing_tools()}"),
]
STAGE = StageSize(16 / 9, None, (1280, 720))
HD, WIDE, FULL = (1280, 720), (1280, 800), (1920, 1080)
RED, GREEN, BLUE, GREY = (200, 0, 0), (0, 180, 0), (0, 0, 210), (90, 90, 90)
Start = Callable[..., Projectors]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    running: list[Projectors] = []

    def begin(*sizes: tuple[int, int]) -> Projectors:
        rig = Projectors(list(sizes), tmp_path)
        running.append(rig)
        monkeypatch.setenv("DISPLAY", rig.display)
        monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
        return rig

    yield begin
    for rig in running:
        rig.stop()


@contextmanager
def opened(displays: Mapping[str, str | int | None], operator: bool = False, **more: object) -> Iterator[Windows]:
    projectors = {name: Projector(name=name, display=display, **more) for name, display in displays.items()}  # type: ignore[arg-type]
    windows = Windows(projectors, STAGE, operator, "rig")
    try:
        yield windows
    finally:
        windows.close()


def plain(size: tuple[int, int], rgb: tuple[int, int, int]) -> Picture:
    """A picture of one colour, BGRX, whose first pixels are white: it must arrive unmoved."""
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    picture[..., :3] = rgb[::-1]
    picture[:8, :8] = 255
    return picture


def show(windows: Windows, colours: Mapping[str, tuple[int, int, int]], in_place: bool = False) -> None:
    windows.poll(lambda *_: None)
    pictures = {name: plain(windows.sizes[name], rgb) for name, rgb in colours.items() if name in windows.sizes}
    if in_place:
        memory = windows.memory()
        for name, picture in pictures.items():
            memory[name][...] = picture
        pictures = memory
    windows.present(pictures)


def is_plain(light: Picture, rgb: tuple[int, int, int]) -> bool:
    expected = plain((light.shape[1], light.shape[0]), rgb)[..., 2::-1]
    return bool((light == expected).all())


def shows(rig: Projectors, windows: Windows, colours: Mapping[str, tuple[int, int, int]], outputs: list[int],
          in_place: bool = False) -> bool:
    """Whether each of these outputs comes to show exactly its colour while frames go on."""

    def so() -> bool:
        show(windows, colours, in_place)
        return all(is_plain(rig.light(n), rgb) for n, rgb in zip(outputs, colours.values(), strict=True))

    return until(so)


def test_each_of_two_projectors_shows_its_own_picture_by_index_and_by_name(start: Start) -> None:
    rig = start(HD, FULL)
    with opened({"left": "DUMMY1", "right": 0}) as windows:
        assert windows.sizes == {"left": FULL, "right": HD}
        assert shows(rig, windows, {"left": RED, "right": BLUE}, [1, 0])
        assert {name: made.shape[1::-1] for name, made in windows.memory().items()} == windows.sizes
        assert shows(rig, windows, {"left": GREEN, "right": GREY}, [1, 0], in_place=True)


def test_four_projectors_of_three_sizes_show_four_pictures(start: Start) -> None:
    rig = start(FULL, HD, WIDE, HD)
    with opened({"a": 0, "b": 1, "c": 2, "d": 3}) as windows:
        assert windows.sizes == {"a": FULL, "b": HD, "c": WIDE, "d": HD}
        assert shows(rig, windows, {"a": RED, "b": GREEN, "c": BLUE, "d": GREY}, [0, 1, 2, 3])
        assert rig.windows("rig") == 4 and windows.operator_size is None


def test_projectors_side_by_side_share_one_window(start: Start) -> None:
    rig = start(HD, HD)
    with opened({"left": 0, "right": 1}) as windows:
        assert shows(rig, windows, {"left": RED, "right": BLUE}, [0, 1])
        assert rig.windows("rig") == 1 and not windows.memory(), "each fills a part of it only"
        rig.hand("mousemove", 1280 + 320, 180)
        assert heard(windows, lambda done: any(event.window == "right" for event in done.pointer))


def test_a_display_that_is_not_there_is_one_line_that_names_those_that_are(start: Start) -> None:
    start(HD, FULL)
    with opened({"left": "HDMI-7"}) as windows:
        text = windows.lost["left"]
    assert text.count("\n") == 0 and "HDMI-7" in text
    assert "0 = DUMMY0 (1280x720)" in text and "1 = DUMMY1 (1920x1080)" in text


def test_no_x_server_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":799")
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    with pytest.raises(MixeurError, match="--headless") as caught, opened({"left": 0}):
        pass
    assert "\n" not in str(caught.value)


def test_a_picture_of_another_size_is_fitted_between_black_bars(start: Start) -> None:
    rig = start(HD)
    with opened({"left": 0}) as windows:
        square = np.full((500, 500, 4), 200, np.uint8)

        def fitted() -> bool:
            show(windows, {})
            windows.present({"left": square})
            light = rig.light(0)
            return light[360, 640, 0] == 200 and light[360, 20].max() == 0 and light[360, 1260].max() == 0

        assert until(fitted)
        assert shows(rig, windows, {"left": RED}, [0])


def test_a_projector_with_its_own_size_is_scaled_up_and_its_pointer_counts_in_its_own_pixels(start: Start) -> None:
    rig = start(HD)
    with opened({"left": 0}, size=(640, 360)) as windows:
        assert windows.sizes == {"left": (640, 360)}
        show(windows, {"left": GREEN})
        assert until(lambda: tuple(rig.light(0)[700, 1270]) == GREEN)
        rig.hand("mousemove", 800, 600)
        assert heard(windows, lambda done: any((event.x_px, event.y_px) == (400, 300) for event in done.pointer))


def test_the_show_prepares_in_sight_before_any_heavy_library_is_loaded(start: Start) -> None:
    rig = start(HD, FULL)
    program = """
import json, sys
from engine.render.window import Windows
from engine.show.model import Projector
from engine.world import StageSize
windows = Windows({"a": Projector(name="a", display=0), "b": Projector(name="b", display=1)},
                  StageSize(16 / 9, None, (1280, 720)), title="rig")
windows.preparing(3, 11, "picture kernels")
print(json.dumps([name for name in ("cv2", "numba", "scipy", "av", "sounddevice") if name in sys.modules]), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", program], env=rig.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        heavy = next(line for line in process.stdout if line.startswith("["))  # pygame 2.6.1 greets first
        seen = until(lambda: all(rig.light(n).max() > 200 and 10 < np.median(rig.light(n)) < 30 for n in (0, 1)))
        process.stdin.close()
    assert json.loads(heavy) == [] and seen


def test_mouse_and_keys_arrive_in_stage_units_and_by_name(start: Start) -> None:
    rig = start(HD, FULL)
    with opened({"left": 0, "right": 1}) as windows:
        assert shows(rig, windows, {"left": RED, "right": BLUE}, [0, 1])
        rig.hand("mousemove", 1280 + 960, 540, "mousedown", 1)
        assert heard(windows, lambda done: done.mouse.down and done.mouse.inside)
        done = windows.poll(to_stage)
        assert (done.mouse.x, done.mouse.y) == (pytest.approx(16 / 18), pytest.approx(0.5))
        rig.hand("mouseup", 1, "keydown", "space", "key", "Left", "key", "F1")
        assert heard(windows, lambda done: "f1" in done.pressed and done.keys == {"space"} and not done.mouse.down)
        rig.hand("keyup", "space", "click", 4)
        assert heard(windows, lambda done: not done.keys and any(event.wheel == 1 for event in done.pointer))
        rig.hand("key", "ctrl+q")
        assert heard(windows, lambda done: done.quit)


def test_off_the_stage_the_mouse_stays_where_it_was(start: Start) -> None:
    rig = start(HD)
    with opened({"left": 0}) as windows:
        show(windows, {"left": RED})
        rig.hand("mousemove", 320, 360)
        assert heard(windows, lambda done: done.mouse.inside)
        before = windows.poll(to_stage).mouse
        rig.hand("mousemove", 900, 100)
        assert heard(windows, lambda done: not done.mouse.inside, lambda *_: None)
        assert (windows.poll(to_stage).mouse.x, windows.poll(to_stage).mouse.y) == (before.x, before.y)


def test_the_operators_window_opens_on_the_display_that_is_left_over(start: Start) -> None:
    rig = start(HD, HD, FULL)
    with opened({"left": 0, "right": 1}) as windows:
        assert windows.operator_size == (1280, 720)

        def seen() -> bool:
            show(windows, {"left": RED, "right": BLUE})
            windows.present_operator(plain((1280, 720), GREEN))
            return bool((rig.light(2) == GREEN).all(axis=2).sum() > 900_000)

        assert until(seen) and is_plain(rig.light(0), RED)
        rig.hand("mousemove", 2560 + 960, 540)
        assert heard(windows, lambda done: any(event.window == OPERATOR for event in done.pointer))
        assert not windows.poll(to_stage).mouse.inside
        windows.close_operator()
        assert windows.operator_size is None
        windows.present_operator(plain((1280, 720), GREEN))
        windows.open_operator()
        assert windows.operator_size == (1280, 720)


def to_stage(window: str, x_px: float, y_px: float) -> tuple[float, float] | None:
    """The right projector shows the whole stage, the operator's window none of it."""
    height = {"left": 720, "right": 1080}.get(window)
    return None if height is None else (x_px / height, y_px / height)


def heard(windows: Windows, is_so: Callable[[WindowInput], bool], place: ToStage = to_stage) -> bool:
    """Whether something done by hand arrives; presses gathered, so that none is missed between two polls."""
    pressed: tuple[str, ...] = ()
    pointer: tuple[PointerEvent, ...] = ()

    def so() -> bool:
        nonlocal pressed, pointer
        done = windows.poll(place)
        pressed, pointer = pressed + done.pressed, pointer + done.pointer
        return is_so(dataclasses.replace(done, pressed=pressed, pointer=pointer))

    return until(so)
