"""F1-F8 and F11 with real scenes, through director, compositor and guarded screens, or through a lamp's own socket."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.light import artnet
from engine.light.levels import LampLevel
from engine.light.output import LampOutput
from engine.light.patch import Patch
from engine.show.model import Lamp
from engine.testing.rehearsal import Act, rehearse
from tests.flash_analyser import Recording, light_of, most_in_a_second, swings

pytestmark = pytest.mark.soak
Pixels = NDArray[np.uint8]
Colour = tuple[float, float, float]
Film = list[tuple[float, Pixels, Pixels]]
BLACK, WHITE, RED = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)
HEIGHT_PX = 216  # a block is 4 x 4 pixels
SHOW = """format = 1
[stage]
size_m = [6.0, 3.375]
height_px = {height}
fallback = "still"
[scene.flashes]
file = "flashes.py"
[scene.still]
file = "still.py"
[programme]
cues = [
  {{ name = "one", scene = "{first}", fade_s = 0 }},
  {{ name = "two", scene = "{second}", fade_s = 0 }},
]
"""
FLASHES = """from engine import Scene
class Flashes(Scene):
    def draw(self, canvas, now):
        if now.time > {breaks_s}:
            raise RuntimeError("broken")
        canvas.clear({low})
        share = now.time if {hz} == 0 else float(now.time * {hz} % 1.0 < 0.5)
        if share > 0:
            level = min(share, 1)
            colour = tuple(low + level * (high - low) for low, high in zip({low}, {high}))
            {draw}
"""
STILL = """from engine import Scene
class Still(Scene):
    def draw(self, canvas, now):
        canvas.clear({colour})
"""
ALL, BLOCK = "canvas.clear(colour)", "canvas.rect(0.5, 0.5, 4 / 216, 4 / 216, colour)"


def grey(luminance: float) -> Colour:
    level = 1.055 * luminance ** (1 / 2.4) - 0.055
    return level, level, level


def shown(folder: Path, seconds: float, hz: float, low: Colour = BLACK, high: Colour = WHITE, draw: str = ALL, *,
          breaks_s: float = 1e9, first: str = "flashes", script: Sequence[Act] = ()) -> Film:
    """Play a show; return for each frame time, what the scenes asked for, and what came to the windows. RGBA."""
    second = "still" if first == "flashes" else "flashes"
    (folder / "show.toml").write_text(SHOW.format(height=HEIGHT_PX, first=first, second=second))
    (folder / "flashes.py").write_text(FLASHES.format(hz=hz, low=low, high=high, draw=draw, breaks_s=breaks_s))
    (folder / "still.py").write_text(STILL.format(colour=WHITE))
    came: list[Pixels] = []
    windows = SimpleNamespace(present=lambda frames: came.append(frames["wall"][..., [2, 1, 0, 3]].copy()))
    screens, found = GuardedScreens(windows, 3, HeldBack(3, lambda: ["flashes"], print)), []
    for moment in rehearse(folder / "show.toml", seconds, script=script, visitors=0).frames():
        asked = moment.stage.copy()
        screens.present({"wall": np.ascontiguousarray(asked[..., [2, 1, 0, 3]])}, moment.tick.time)
        found.append((moment.tick.time, asked, came.pop()))
    screens.close()
    return found


def measured(frames: Film, after_s: float = 0.0) -> int:
    grids = [Recording(4, offset, "rgba") for offset in ((1, 1), (3, 2))]
    for time_s, _, through in frames:
        light = light_of(through)
        for grid in grids:
            grid.take(light, time_s)
    return max(grid.most_flashes(after_s) for grid in grids)


def largest_change(frames: Film, before_s: float = 1e9) -> int:
    """Return by how much any byte was changed once the first light had risen."""
    return max(int((np.maximum(asked, through) - np.minimum(asked, through)).max())
               for time_s, asked, through in frames if 0.35 < time_s < before_s)


@pytest.mark.parametrize("hz", [1, 2, 2.9])
def test_f1_slow_flashes_pass_unchanged(hz: float, tmp_path: Path) -> None:
    assert largest_change(shown(tmp_path, 3.9, hz)) <= 1


@pytest.mark.parametrize("hz", [4, 5, 10, 15, 25])
def test_f2_fast_flashes_are_held_before_the_fourth(hz: float, tmp_path: Path) -> None:
    assert 1 <= measured(shown(tmp_path, 3, hz)) <= 3


def test_f3_two_and_a_half_hertz_for_ten_seconds_is_damped_from_the_fifth_on(tmp_path: Path) -> None:
    frames = shown(tmp_path, 10, 2.5)
    assert largest_change(frames, before_s=4) <= 1
    assert measured(frames, after_s=5.4) == 0  # the first 0.3 s rise from black


def test_f4_one_block_is_limited(tmp_path: Path) -> None:
    assert 1 <= measured(shown(tmp_path, 3, 10, draw=BLOCK)) <= 3


@pytest.mark.parametrize(("low", "high"), [(BLACK, RED), ((0.0, 0.0, 0.82), (0.627, 0.0, 0.0))])
def test_f5_red_flashes_are_limited(low: Colour, high: Colour, tmp_path: Path) -> None:
    assert measured(shown(tmp_path, 3, 5, low, high)) <= 3


def test_f6_flashes_that_stay_bright_pass_unchanged(tmp_path: Path) -> None:
    assert largest_change(shown(tmp_path, 3, 10, grey(0.85), WHITE)) <= 1


def test_f7_a_slow_fade_passes_unchanged(tmp_path: Path) -> None:
    assert largest_change(shown(tmp_path, 1.5, 0)) <= 1


@pytest.mark.parametrize("what", ["start", "cue", "exception"])
def test_f8_nothing_jumps_to_white(what: str, tmp_path: Path) -> None:
    how = {"start": {"first": "still"}, "cue": {"script": [Act(1.0, ("osc:/cue/go", 1.0))]},
           "exception": {"breaks_s": 1.0}}[what]
    frames = shown(tmp_path, 2.5, 1, high=BLACK, **how)  # type: ignore[arg-type]
    means = np.array([through[..., :3].mean() for _, _, through in frames])
    assert means[0] == 0 and means[-1] == 255
    rises = np.flatnonzero(means == 255)[0] - np.flatnonzero(means == 0)[-1]
    print(what, f"rises in {rises / 60:.2f} s, by {np.diff(means).max():.0f} in a frame at most")
    assert rises >= 0.3 * 60 - 1 and np.diff(means).max() <= 0.15 * 255


def test_f11_a_lamp_that_is_asked_to_flash_ten_times_a_second_is_limited_on_its_line(
        monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        node.settimeout(20)
        monkeypatch.setattr(artnet, "PORT", node.getsockname()[1])
        lamps = {name: Lamp(name=name, fixture="dimmer", address=f"artnet:127.0.0.1/0/{at}")
                 for at, name in enumerate(("strobe", "calm"), 1)}
        output, start_ns, came = LampOutput(lamps, Patch(lamps, Path()), 3), monotonic_ns(), []
        while (time_s := (monotonic_ns() - start_ns) / NS) < 4:
            output.submit([LampLevel("strobe", level=float(time_s * 10 % 1.0 < 0.5)), LampLevel("calm", level=0.4)],
                          1 / 60)
            dmx = artnet.read_dmx(node.recv(2000))
            assert dmx is not None
            came.append((time_s, dmx.slots[0] / 255, dmx.slots[1]))
        output.close()
    times, strobe, calm = (np.array(part) for part in zip(*came, strict=True))
    assert 1 <= most_in_a_second(swings(strobe, strobe < 0.8, 0.1), times) // 2 <= 3
    assert set(calm[times > 1]) == {102}
