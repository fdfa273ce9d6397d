"""A live calibration: real windows on two simulated projectors, scanned by a network camera that looks at them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.cases import CAMERA
from calibration.rooms import pair
from calibration.session import read_session, read_solution, stage_of
from calibration.simulator.room import Room
from calibration.simulator.surface import Plane
from tests.system.rig import Projectors, missing_tools, until
from tests.system.window_camera import WindowCamera

pytestmark = [
    pytest.mark.system,
    pytest.mark.soak,  # a minute and more
    pytest.mark.skipif(bool(missing_tools()), reason=f"the projector rig needs {missing_tools()}"),
]
SIZE, CAMERA_SIZE = (640, 360), (800, 400)
DOTS = [(0.2, 0.25), (0.5, 0.5), (0.8, 0.75), (0.5, 0.2), (0.35, 0.7)]  # shares of the stage
SHOW = """format = 1
[stage]
height_px = 360
[scene.dots]
file = "dots.py"
"""
SCENE = f"""'''Dots at known places.'''
from engine import Scene

class Dots(Scene):
    def draw(self, canvas, now):
        for x, y in {DOTS}:
            canvas.circle(x * canvas.stage.aspect, y, 0.03, (255, 255, 255))
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Projectors]:
    projectors = Projectors([SIZE, SIZE], tmp_path)
    yield projectors
    projectors.stop()


def dark_room() -> Room:
    return replace(pair([Plane()], 3, SIZE, CAMERA_SIZE), ambient=0.02)


def write_show(folder: Path, url: str) -> Path:
    folder.mkdir()
    (folder / "show.toml").write_text(SHOW)
    (folder / "dots.py").write_text(SCENE)
    (folder / "room.toml").write_text(f'format = 1\n[camera.{CAMERA}]\nsource = "{url}"\n'
                                      "[projector.left]\ndisplay = 0\n[projector.right]\ndisplay = 1\n")
    return folder / "show.toml"


def mixeur(rig: Projectors, *words: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command at a terminal at which a person types."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        return subprocess.run([sys.executable, "-P", "-m", "engine.cli", *map(str, words)], env=rig.env, stdin=theirs,
                              capture_output=True, text=True, timeout=400)
    finally:
        os.close(ours)
        os.close(theirs)


def calibrate(rig: Projectors, *words: object, typed: str = "") -> str:
    ended = mixeur(rig, "calibrate", *words, typed=typed)
    print(ended.stdout, ended.stderr)
    assert ended.returncode == 0
    return ended.stdout + ended.stderr


def test_real_windows_are_scanned_solved_verified_and_show_the_stage_in_its_place(rig: Projectors, tmp_path) -> None:
    with WindowCamera(dark_room(), rig.display, rig.areas, quality=100) as camera:
        show, session = write_show(tmp_path / "show", camera.url), tmp_path / "show" / "calibration"
        refused = mixeur(rig, "calibrate", "scan", session, "--show", show, typed="no\n")
        assert refused.returncode != 0 and "not confirmed" in refused.stderr
        calibrate(rig, "scan", session, "--show", show, typed="empty\n")
        calibrate(rig, "solve", session)
        calibrate(rig, "colour", session)
        said = calibrate(rig, "verify", session, typed="empty\n")
        assert "passed" in said
        with subprocess.Popen([sys.executable, "-P", "-m", "engine.cli", "run", show], env=rig.env) as running:
            try:
                assert until(lambda: len(dots_in(camera, rig)) == len(DOTS), 150), "the show's dots are not seen"
                seen = dots_in(camera, rig)
            finally:
                running.terminate()
                running.wait(60)
    place = read_session(session)
    solution = read_solution(place)
    wanted = stage_of(place.stage, np.array(solution.corners), solution.camera).camera_px(np.array(DOTS))
    missed_px = [np.hypot(*(seen - dot).T).min() for dot in wanted]
    assert max(missed_px) < 0.5, missed_px


def dots_in(camera: WindowCamera, rig: Projectors) -> np.ndarray:
    """Return where the camera sees dots of light, in its pixels. Shape (n, 2)."""
    picture = camera.seen(np.ascontiguousarray(rig.screenshot()[..., ::-1]), noise=False)[..., 0]
    lit = cv2.threshold(picture, 30, 255, cv2.THRESH_BINARY)[1]
    return cv2.connectedComponentsWithStats(lit)[3][1:] + 0.5
