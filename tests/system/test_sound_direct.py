"""The short way from an OSC packet to the speakers, beside the way through a scene, in one recording of a live show."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pythonosc.udp_client import SimpleUDPClient

from engine.clock import sleep_s
from tests.system.rig import until
from tests.system.sound_rig import RATE, SoundRig, missing_tools, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}; apt-get install pulseaudio-utils"),
]
SHOW = """format = 1
[osc]
port = {port}
[signal.press]
from = "osc:/press"
[scene.two]
file = "two.py"
[sound]
latency_ms = 30
pink_spl_db = 40
"""
SCENE = '''
from engine import Scene


class Two(Scene):
    def setup(self, stage):
        self.aspect = stage.aspect

    def play(self, sound, now):
        sound.hold("at once", "sine", 60, 0.8, at=(0, 0.5), level_from="press", space=0)
        sound.hold("asked", "sine", 60, 0.8 * now.signal("press") ** 0.5, at=(self.aspect, 0.5), space=0)
'''
TIMES = 15


@pytest.fixture
def rig() -> Iterator[SoundRig]:
    with running() as rig:
        yield rig


def onsets(wave: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return where a tone begins after at least 100 ms of silence, as frames."""
    loud = np.flatnonzero(np.abs(wave) > 0.3 * np.abs(wave).max())
    return loud[np.diff(loud, prepend=-RATE) > RATE // 10]


def test_a_hold_that_follows_an_address_is_heard_a_frame_earlier_than_one_that_a_scene_changes(
    rig: SoundRig, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "show.toml").write_text(SHOW.format(port=port))
    (tmp_path / "two.py").write_text(SCENE)
    client = SimpleUDPClient("127.0.0.1", port)
    words = [sys.executable, "-P", "-m", "engine.cli", "run", tmp_path, "--headless"]
    show = subprocess.Popen(words, env=rig.env, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: bool(rig.control("list", "short", "sink-inputs")), 150)
        assert until(lambda: f":{port:04X} " in Path("/proc/net/udp").read_text(), 150)
        sleep_s(2.0)
        recording = rig.record(tmp_path / "press.raw")
        for number in range(TIMES):
            sleep_s(0.2 + 0.0071 * number)  # at every moment of a frame
            client.send_message("/press", 1.0)
            sleep_s(0.15)
            client.send_message("/press", 0.0)
        sleep_s(0.2)
        wave = recording.stop()
    finally:
        show.terminate()
        show.wait(10)
    at_once, asked = onsets(wave[:, 0]), onsets(wave[:, 1])
    assert len(at_once) == len(asked) == TIMES
    earlier_ms = (asked - at_once) * 1000 / RATE
    assert (earlier_ms > 0).all()
    assert np.median(earlier_ms) > 15
