"""How old pictures are for a consumer that takes one every 50 ms, for a minute; and twelve cameras in one show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.bench.camera import CAMERA_FPS, CODES, SIZE, _camera, _ours, _read_code, served_by
from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.mjpeg import MjpegServer
from engine.inputs.camera import open_source
from engine.inputs.camera_capture import Capture
from engine.show.model import Camera
from tests.system.camera_rig import film
from tests.system.test_camera_loss import free_port

pytestmark = pytest.mark.soak
SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
CONSUMER_S = 0.05
MOST_MS = 45.0


def ages_ms(look: Callable[[], int | None]) -> list[float]:
    """Return how long before it was taken each new picture was sent."""
    step_ns, ages, due_ns = NS // CAMERA_FPS, [], monotonic_ns()
    end_ns = due_ns + SECONDS * NS
    while due_ns < end_ns:
        sleep_s(max(0, due_ns - monotonic_ns()) / NS)
        now_ns = monotonic_ns()
        number = look()
        if number is not None:
            behind = (now_ns // step_ns - number) % CODES
            ages.append((now_ns - (now_ns // step_ns - behind) * step_ns) / 1e6)
        due_ns = max(due_ns + round(CONSUMER_S * NS), now_ns)
    return ages


def check(name: str, ages: list[float]) -> None:
    first, last = ages[: len(ages) // 2], ages[len(ages) // 2 :]
    print(name, {part: round(float(np.percentile(ages, part)), 1) for part in (50, 95, 100)},
          "first and last half", [round(float(np.percentile(half, 95)), 1) for half in (first, last)])
    assert len(ages) > 0.8 * SECONDS / CONSUMER_S
    assert np.percentile(last, 50) < np.percentile(first, 50) + 5, "it must not grow"


def test_pictures_are_fresh_for_a_slow_consumer_for_a_minute() -> None:
    with served_by("engine.bench.camera") as url:
        camera = Camera(name="age", source=url, size=SIZE, key="blue")
        capture = Capture(lambda within_s: open_source(camera, Path(), within_s))

        def look() -> int | None:
            shot = capture.newest(0)
            return None if shot is None else _read_code(shot.picture)

        while capture.newest(1.0) is None:
            pass
        raw = ages_ms(look)
        capture.close()
        check("raw", raw)
        assert np.percentile(raw, 95) <= MOST_MS
        with _camera(url) as link, _ours(link) as keyed:
            check("keyed", ages_ms(keyed))


SHOW = 'format = 1\nseed = 1\n[stage]\nheight_px = 360\n[scene.watch]\nfile = "watch.py"\n'
ROOM = "format = 1\n[sound]\nbackend = 'null'\n[osc]\nport = {osc}\n"
CAMERA = "[camera.c{number}]\nsource = '{url}'\nsize = [320, 180]\nfps = {fps}\nkey = 'blue'\n"
WATCH = '''"""Looks at all."""
from engine import Scene
class Watch(Scene):
    def draw(self, canvas, now):
        for camera in now.mattes:
            canvas.people(camera)
'''
CAMERAS, FPS = 12, 15


def twelve(folder: Path, urls: list[str], seconds: int, group: str, meanwhile: Callable[[], None]) -> dict[str, Any]:
    """Run a show of twelve cameras, which may be one group, and return its report."""
    (folder / "show.toml").write_text(SHOW)
    (folder / "room.toml").write_text(ROOM.format(osc=free_port()) + "".join(
        CAMERA.format(number=number, url=url, fps=FPS) + f"group = '{group}'\n" * bool(group)
        for number, url in enumerate(urls)))
    (folder / "watch.py").write_text(WATCH)
    words = [sys.executable, "-P", "-m", "engine.cli", "run", folder, "--headless", "--seconds", seconds, "--report",
             folder / "report.json"]
    with subprocess.Popen([*map(str, words)], stderr=subprocess.PIPE, text=True) as run:
        meanwhile()
        said = run.communicate(timeout=300)[1]
    assert run.returncode == 0, said[-2000:]
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


@pytest.mark.parametrize("group", ["", "floor"])
def test_twelve_small_cameras_are_live_and_a_dead_one_slows_none(group: str, tmp_path: Path) -> None:
    jpegs = film(2.0, (320, 180), FPS)
    with MjpegServer(jpegs, fps=FPS) as good, MjpegServer(jpegs, fps=FPS) as bad:
        def stall() -> None:
            while bad.sent < 4 * FPS:
                time.sleep(0.1)
            bad.is_stalled = True
        report = twelve(tmp_path, [bad.url] + [good.url] * (CAMERAS - 1), SECONDS // 2, group, stall)
    cameras = report["cameras"]
    print(json.dumps({name: (each["frames"], round(each["age_ms_p95"], 1)) for name, each in cameras.items()}))
    print({name: report[name] for name in ("fps_mean", "cpu") if name in report})
    assert len(cameras) == CAMERAS
    assert report["losses"]["camera.c0"]["count"] == 1
    for number in range(1, CAMERAS):
        assert cameras[f"c{number}"]["frames"] > 0.8 * FPS * (SECONDS // 2 - 5)
        assert f"camera.c{number}" not in report["losses"]
