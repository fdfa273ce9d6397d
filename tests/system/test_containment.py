"""R1 through the real processes: a scene that raises, loops and leaves costs itself and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

pytestmark = pytest.mark.system
SHOW = """
format = 1
[stage]
height_px = 180
fallback = "safe"
[scene.bad]
file = "bad.py"
[scene.safe]
file = "safe.py"
[programme]
cues = [{ name = "one", scene = "bad", fade_s = 0.3 }]
"""
BAD = """from engine import Scene

class Bad(Scene):
    def setup(self, stage):
        self.frames = 0

    def update(self, now):
        self.frames += 1
        if now.time > 7 and self.frames > 9:
            while True:
                pass
        if self.frames > 9:
            1 / 0

    def draw(self, canvas, now):
        canvas.clear((0.4, 0, 0))
"""
SAFE = """from engine import Scene

class Safe(Scene):
    def draw(self, canvas, now):
        canvas.clear((0, 0.4, 0))

    def play(self, sound, now):
        sound.hold("tone")
"""


def test_r1_a_scene_that_raises_gives_way_to_its_fallback_and_is_barred_the_third_time(tmp_path: Path) -> None:
    for name, text in (("show.toml", SHOW), ("bad.py", BAD), ("safe.py", SAFE)):
        (tmp_path / name).write_text(text)
    report = tmp_path / "report.json"
    command = [sys.executable, "-P", "-m", "engine.cli", "run", tmp_path, "--simulate", "--headless",
               "--frames", "960", "--report", report]  # fmt: skip
    ran = subprocess.run(command, text=True, capture_output=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(report.read_text())
    bad, safe = seen["scenes"]["bad"], seen["scenes"]["safe"]
    assert (bad["state"], bad["failures"], bad["frames"]) == ("barred", 3, 27)
    assert (safe["state"], safe["failures"]) == ("shown", 0) and safe["frames"] > 300
    assert "bad.py:13: update: ZeroDivisionError: division by zero" in ran.stderr
    (reason,) = (told for told in seen["problems"] if told.startswith("bad.py"))
    assert int(reason.split(":")[1]) in (10, 11) and "took longer than 250 ms" in reason
    assert reason.endswith("failed 3 times in 60 s, barred until the file changes")
    assert set(seen["restarts"].values()) == {0}, "no process was started again"
    picture = cv2.imread(str(next((tmp_path / "out").glob("*.png"))))
    assert picture.reshape(-1, 3).mean(axis=0).round().tolist() == [0, 102, 0], "the fallback shows"
