"""`mixeur speakers` on a real sound server: each speaker calls on its own channel, and all others are silent."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.system.sound_rig import RATE, SoundRig, missing_tools, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}; apt-get install pulseaudio-utils"),
]
SHOW = """format = 1
[scene.a]
file = "a.py"
[sound]
latency_ms = 50
[speaker]
front = { output = 2, at_m = [0, 0] }
side = { output = 8, at_m = [4, 0], delay_ms = 20, eq = [{ hz = 3000, gain_db = -6 }] }
back = { output = 5, at_m = [4, 3], trim_db = -6 }
"""


def test_each_speaker_calls_on_its_channel_with_silence_elsewhere_and_pink_noise_is_minus_20_dbfs(tmp_path) -> None:
    (tmp_path / "a.py").write_text("from engine import Scene\n\n\nclass A(Scene):\n    pass\n")
    (tmp_path / "show.toml").write_text(SHOW)
    (tmp_path / "room.toml").write_text("format = 1\n")
    with running() as rig:
        recording = rig.record(tmp_path / "calls.raw")
        said = _speakers(rig, tmp_path, "--play", "all")
        calls = recording.stop()
        recording = rig.record(tmp_path / "pink.raw")
        _speakers(rig, tmp_path, "--pink", "front", "--seconds", "3")
        pink = recording.stop()
    assert [line for line in said.splitlines() if line.count("   ") == 1] == [
        "speaker 1 · front   output 2", "speaker 2 · side   output 8", "speaker 3 · back   output 5"]
    levels = np.sqrt((calls[: len(calls) // 4800 * 4800].reshape(-1, 4800, 8).astype(float) ** 2).mean(axis=1))
    loud = levels > 1e-4
    assert (loud.sum(axis=1) <= 1).all()  # never two at once
    order = [int(row.argmax()) + 1 for row in loud if row.any()]
    assert list(dict.fromkeys(order)) == [2, 8, 5]
    assert 20 * np.log10(levels.max()) < -18.5  # tenths of a second of noise; the whole is -20
    back_db, front_db = (20 * np.log10(np.median(levels[loud[:, c - 1], c - 1])) for c in (5, 2))
    assert back_db - front_db == pytest.approx(-6, abs=1.5)
    sounding = np.flatnonzero(np.abs(pink[:, 1]) > 1e-3)
    steady = pink[sounding[0] + RATE // 2 : sounding[-1] - RATE // 2]
    assert len(steady) > RATE
    assert 10 * np.log10((steady[:, 1].astype(float) ** 2).mean()) == pytest.approx(-20, abs=0.7)
    assert not np.delete(steady, 1, axis=1).any()


def _speakers(rig: SoundRig, show: Path, *words: str) -> str:
    command = [sys.executable, "-P", "-m", "engine.cli", "speakers", str(show), *words]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(command, env={**rig.env, "PYTHONPATH": path}, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    return done.stdout
