"""A real microphone: what is played into the room is heard, with its pitch and its moment; it goes, and comes back."""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns, sleep_s
from engine.show import model
from engine.sound.block import M_IS_LIVE, M_WRITTEN, SIZE, Memory, open_memory
from engine.sound.mic import DEAD, MicLink
from engine.supervise.memory import Block
from engine.world import Mic
from tests.system.sound_rig import RATE, SoundRig, missing_tools

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}; apt-get install pulseaudio-utils"),
]
PATIENCE_S = 60.0
CHILD = "import json, sys; from engine.sound.mic_process import main; main(json.loads(sys.argv[1]))"


class Room:
    """A microphone's process on a sound server of its own, and the engine's end of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.rig = folder, SoundRig(folder)
        self.block = Block.create(SIZE, "sound")
        self.memory: Memory = open_memory(self.block, model.Sound(), [])
        self.link = MicLink(self.memory, 0)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        plan = {"mic": dataclasses.asdict(model.Microphone(name="room")), "index": 0, "speakers": [],
                "sound": dataclasses.asdict(model.Sound()), "block": self.block.handle, "parent": os.getpid()}
        return subprocess.Popen([sys.executable, "-P", "-c", CHILD, json.dumps(plan)], env=self.rig.env,
                                pass_fds=self.block.descriptors, cwd=self.folder)

    def until(self, is_so: Callable[[Mic], bool]) -> Mic:
        """Poll 60 times a second until something is heard or so."""
        end_ns = monotonic_ns() + round(PATIENCE_S * NS)
        while True:
            mic = self.link.poll(monotonic_ns())
            if is_so(mic):
                return mic
            assert monotonic_ns() < end_ns, (mic, self.link.lost)
            if self.link.lost == DEAD:  # PortAudio may never return from a dead server: the supervisor's part
                self.process.kill()
                self.process.wait()
                self.process = self.start()
                while self.link.lost == DEAD and monotonic_ns() < end_ns:
                    sleep_s(0.05)
                    self.link.poll(monotonic_ns())
            sleep_s(1 / 60)

    def until_live(self) -> None:
        self.until(lambda _: not self.link.lost and bool(self.memory.mic_state[0, M_IS_LIVE]))

    def play(self, name: str, wave: NDArray[np.float64]) -> subprocess.Popen[bytes]:
        soundfile.write(self.folder / name, wave.astype(np.float32), RATE)
        return subprocess.Popen(["paplay", "-d", "mic", str(self.folder / name)], env=self.rig.env)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.rig.stop()


@pytest.fixture
def room() -> Iterator[Room]:
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        room = Room(Path(folder))
        yield room
        room.close()


def test_a_real_microphone_hears_tones_and_claps_is_lost_and_back_and_leaves_nothing(room: Room) -> None:
    room.until_live()
    t = np.arange(2 * RATE) / RATE
    with room.play("tone.wav", 0.3 * np.sin(2 * np.pi * 330 * t)):
        begun = room.until(lambda mic: mic.onset > 0)
        assert begun.since_s < 1.0
        room.until(lambda mic: abs(mic.pitch_hz - 330) < 1)
        heard = room.until(lambda mic: mic.bands[2] > 0.5)
        assert heard.level > 0.5
    room.until(lambda mic: mic.level == 0)
    claps, begins = np.zeros(2 * RATE), [9_600, 33_600, 48_000, 72_000]
    for begin in begins:
        claps[begin : begin + 4800] = 0.4 * np.random.default_rng(begin).standard_normal(4800) * np.exp(
            -np.arange(4800) / 1000)
    moments_s: list[float] = []

    def is_clap(mic: Mic) -> bool:
        if mic.onset:
            moments_s.append(monotonic_ns() / NS - mic.since_s)
        return len(moments_s) == len(begins)

    with room.play("claps.wav", claps):
        room.until(is_clap)
    assert np.abs(np.diff(moments_s) - np.diff(begins) / RATE).max() < 0.06  # the server gives it in pieces

    module = next(line.split()[0] for line in room.rig.control("list", "short", "modules").splitlines()
                  if "sink_name=mic" in line)
    room.rig.control("unload-module", module)
    room.until(lambda _: "is gone from the sound server" in room.link.lost)
    assert room.link.poll(monotonic_ns()) == Mic()
    room.until(lambda _: not room.memory.mic.any())
    room.rig.control("load-module", "module-null-sink", "sink_name=mic", f"rate={RATE}", "channels=2",
                     "format=float32le")
    room.until_live()
    room.rig.signal(9)
    room.until(lambda _: bool(room.link.lost))
    room.rig.start()
    room.until_live()
    with room.play("again.wav", 0.3 * np.sin(2 * np.pi * 500 * t)):
        room.until(lambda mic: abs(mic.pitch_hz - 500) < 1)
    assert room.memory.mic.any()
    room.process.terminate()
    assert room.process.wait(20) == 0
    assert room.memory.mic_state[0, M_WRITTEN] > RATE
    assert not room.memory.mic.any()
    kept = {path.name for path in room.folder.iterdir()} - {"run", "home", "pulse.log"}
    assert kept == {"tone.wav", "claps.wav", "again.wav"}  # what was played, not what was heard
