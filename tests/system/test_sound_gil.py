"""A scene that holds the interpreter lock for 300 ms in every second is not heard."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.clock import NS, sleep_s, thread_cpu_ns
from tests.system.rig import until
from tests.system.sound_rig import RATE, Recording, SoundRig, jumps, missing_tools

NEEDED = missing_tools()
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(NEEDED), reason=f"needs {NEEDED}; apt-get install pulseaudio-utils"),
]
ROOT = Path(__file__).parents[2]
LATENCY_MS, VOICES = 20, 64
HOLDS = 8  # together 300 ms; one alone is short enough for a hook on a machine that has little time
SHOW = """format = 1
[scene.busy]
file = "busy.py"
[sound]
latency_ms = {latency_ms}
[speaker]
{speakers}
"""
SCENE = '''
from engine import Scene


class Busy(Scene):
    """Holds the lock for 37 ms in each of two hooks of four frames that follow each other, once a second."""

    frames = 0

    def update(self, now):
        has_time = now.dt < 0.2  # a machine that leaves the engine none needs no more of it
        self.frames = 4 if now.every(1.0) and has_time else self.frames - 1
        self.hold()

    def play(self, sound, now):
        self.hold()
        for voice in range({voices}):
            sound.hold(f"voice {{voice}}", voice="sine", pitch=36 + 0.7 * voice, level=0.3, space=0)

    def hold(self):
        if self.frames > 0:
            sum(range({count}))
'''
TAKES = 3
BEGIN_S = 2.2  # a stream's first seconds are the server's
LEAST = 0.01


class Show:
    """A running show with a scene that holds the lock, and both yardsticks on the same sound server."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.sound = folder, SoundRig(folder)
        self.sound.control("load-module", "module-null-sink", "sink_name=callback", f"rate={RATE}", "channels=2",
                           "format=float32le")
        count = count_for(0.3 / HOLDS)
        places = "\n".join(f"s{i} = {{ output = {i + 1}, at_m = [{0.9 * i:.1f}, {1.8 * (i % 2)}] }}" for i in range(8))
        (folder / "show.toml").write_text(SHOW.format(latency_ms=LATENCY_MS, speakers=places))
        (folder / "busy.py").write_text(SCENE.format(voices=VOICES, count=count))
        self.log = (folder / "log.txt").open("w+")
        run = [sys.executable, "-P", "-m", "engine.cli", "run", folder, "--headless",
               "--report", folder / "report.json"]
        self.process = subprocess.Popen(run, env=self.sound.env, stdout=self.log, stderr=self.log)
        run = [sys.executable, Path(__file__).with_name("python_callback.py"), str(HOLDS), str(count)]
        env = {**self.sound.env, "PULSE_SINK": "callback", "PYTHONPATH": str(ROOT)}
        self._callback = subprocess.Popen(run, env=env, stdout=self.log, stderr=self.log)

    def said(self) -> str:
        return (self._folder / "log.txt").read_text()

    def is_heard(self) -> bool:
        """Return whether the voices sound."""
        recording = self.sound.record(self._folder / "begun.raw")
        sleep_s(1.0)
        return bool(np.abs(recording.stop()).max(initial=0.0) > LEAST)

    def heard(self, seconds: float) -> dict[str, NDArray[np.float32]]:
        """Return what the show, the native player and the Python callback played at the same time."""
        show = self.sound.record(self._folder / "show.raw")
        native, player = self.sound.native_tone(self._folder, 220.0, 2 * seconds + 20, LATENCY_MS)
        callback = Recording(self._folder / "callback.raw", self.sound.env, "callback", "front-left,front-right")
        recordings = {"show": show, "native": native, "callback": callback}
        whole = round((BEGIN_S + seconds) * RATE)
        until(lambda: all(each.frames() >= whole for each in recordings.values()), 2 * seconds + 10)
        waves = {name: each.stop() for name, each in recordings.items()}
        player.kill()
        player.wait()
        return {name: wave[round(BEGIN_S * RATE) : whole] for name, wave in waves.items()}

    def end(self) -> dict:
        """End the show as Ctrl+C does and return its report; none if the engine was given no time to write it."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0, self.said()
        path = self._folder / "report.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def clear(self) -> None:
        for process in (self.process, self._callback):
            if process.poll() is None:
                process.kill()
                process.wait()
        self.sound.stop()


def count_for(seconds: float) -> int:
    """Return how far `sum(range(n))` counts in so long a time of this processor."""
    count = 1_000_000
    taken_ns = min(_cost_ns(count) for _ in range(5))
    return round(count * seconds * NS / taken_ns)


def _cost_ns(count: int) -> int:
    begin_ns = thread_cpu_ns()
    sum(range(count))
    return thread_cpu_ns() - begin_ns


def assert_as_whole_as_a_native_tone(show: Show, seconds: float) -> None:
    """Listen; where the machine itself stutters, again: what a held lock breaks is broken in every take."""
    assert until(show.is_heard, 150), show.said()
    sleep_s(1.5)  # the null sink's own hiccup
    for _ in range(TAKES):
        waves = show.heard(seconds)
        for name, wave in waves.items():
            assert len(wave) > 0.8 * seconds * RATE, name
            assert np.abs(wave).max() > LEAST, (name, show.said())
        broken = {name: len(jumps(wave)) for name, wave in waves.items()}
        print(f"breaks in {seconds:.0f} s at {LATENCY_MS} ms: {broken}")
        assert broken["callback"] > seconds / 3
        if broken["show"] <= broken["native"]:
            break
    assert broken["show"] <= broken["native"]
    if report := show.end():
        print(json.dumps(report["sound"]), report["late_frames"], "late of", report["frames"])
        assert report["late_frames"] >= seconds / 2  # the lock was held
        assert report["sound"]["backend"] == "portaudio"
        assert report["scenes"]["busy"]["failures"] == 0


@pytest.fixture
def show() -> Iterator[Show]:
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        show = Show(Path(folder))
        yield show
        show.clear()


def test_64_voices_are_as_whole_as_a_native_tone_while_a_scene_holds_the_lock(show: Show) -> None:
    assert_as_whole_as_a_native_tone(show, 8.0)
