"""The sound process on a real sound server: right speakers, no breaks, voices that outlive it."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, RealClock, monotonic_ns, sleep_s
from engine.show import model
from engine.sound.block import SIZE
from engine.sound.control import SoundControl
from engine.sound.events import Hold, Sounds
from engine.sound.meters import Meters
from engine.supervise.memory import Block
from tests.system.sound_rig import RATE, SoundRig, breaks, jumps, missing_tools, running, strongest_hz

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}; apt-get install pulseaudio-utils"),
]
SOUND = model.Sound(latency_ms=50.0, pink_spl_db=40)  # a room so quiet that no guard acts
RING = {f"s{i}": model.Speaker(name=f"s{i}", output=i + 1, at_m=(4 * np.cos(i * np.pi / 4), 4 * np.sin(i * np.pi / 4)))
        for i in range(8)}
STAGE = model.Stage(size_m=(8.0, 1.0))
BUSY = """
import time, json, gc
text = json.dumps([{"a": [i, str(i)] * 4} for i in range(30000)])
end = time.monotonic() + float(__import__("sys").argv[1])
while time.monotonic() < end:
    json.loads(text); gc.collect()
    for _ in range(100000): pass
"""


@pytest.fixture
def rig() -> Iterator[SoundRig]:
    with running() as rig:
        yield rig


class SoundProcess:
    """The sound process as the supervisor starts it."""

    def __init__(self, env: dict[str, str], block: Block, speakers: dict[str, model.Speaker]) -> None:
        plan = {"sound": dataclasses.asdict(SOUND), "speakers": [dataclasses.asdict(s) for s in speakers.values()],
                "block": block.handle, "parent": os.getpid()}
        self.process = subprocess.Popen([sys.executable, "-m", "engine.sound.process", json.dumps(plan)], env=env,
                                        pass_fds=block.descriptors, stderr=subprocess.PIPE, text=True)

    def stop(self) -> float:
        """Ask it to end; return the seconds it took."""
        begin_ns = monotonic_ns()
        self.process.terminate()
        self.process.wait(10)
        return (monotonic_ns() - begin_ns) / NS


def play(control: SoundControl, seconds: float, holds: tuple[Hold, ...]) -> None:
    for tick in RealClock(60, round(60 * seconds)).ticks():
        control.submit([Sounds("test", (), holds)], tick.due_ns)


def wait_for(control: SoundControl, frames: int) -> None:
    """Wait until the engine has rendered so many frames more."""
    aim, patience_ns = control.meters().frame + frames, monotonic_ns() + 90 * NS
    while control.meters().frame < aim:
        assert monotonic_ns() < patience_ns, "the sound process renders nothing"
        control.heartbeat()
        sleep_s(0.02)


def test_speakers_play_what_stands_beside_them_unbroken_while_the_parent_is_busy(rig: SoundRig, tmp_path: Path) -> None:
    block = Block.create(SIZE, "sound")
    control = SoundControl(block, SOUND, RING, STAGE)
    child = SoundProcess(rig.env, block, RING)
    holds = tuple(Hold(f"tone{i}", pitch=60 + 3 * i, level=0.5, voice="sine", at=speaker.at_m, controls={"space": 0})
                  for i, speaker in enumerate(RING.values()))
    stop = threading.Event()
    text = json.dumps([{"a": [i, str(i)] * 4} for i in range(30_000)])

    def hog() -> None:  # holds this process's GIL
        while not stop.is_set():
            json.loads(text)

    try:
        wait_for(control, RATE)
        busy = subprocess.Popen([sys.executable, "-c", BUSY, "12"])
        threading.Thread(target=hog, daemon=True).start()
        play(control, 2.5, holds)  # the null sink's own hiccup
        recording = rig.record(tmp_path / "tones.raw")
        play(control, 8, holds)
        wave = recording.stop()[RATE // 2 :]
        meters = control.meters()
    finally:
        stop.set()
        busy.kill()
        took = child.stop()
    assert meters.backend == "portaudio", meters.reason
    assert meters.bad == meters.dropped == 0
    assert len(wave) > 6 * RATE
    for i in range(8):
        assert strongest_hz(wave[:RATE, i]) == pytest.approx(440 * 2 ** ((60 + 3 * i - 69) / 12), abs=0.5)
    assert len(jumps(wave)) == 0
    assert took < 2.0


def test_five_speakers_on_an_output_of_eight_channels_leave_the_other_three_silent(
    rig: SoundRig, tmp_path: Path
) -> None:
    five = {name: RING[name] for name in ("s0", "s1", "s2", "s3", "s4")}
    block = Block.create(SIZE, "sound")
    control = SoundControl(block, SOUND, five, STAGE)
    child = SoundProcess(rig.env, block, five)
    holds = tuple(Hold(name, pitch=60, level=0.7, voice="organ", at=speaker.at_m) for name, speaker in five.items())
    try:
        wait_until(control, lambda meters: meters.backend == "portaudio")
        play(control, 0.5, holds)
        recording = rig.record(tmp_path / "five.raw")
        for _ in range(40):  # the recorder may take its time to begin
            play(control, 0.5, holds)
            if len(recording.so_far()) > RATE:
                break
        wave = recording.stop()
    finally:
        child.stop()
    loudest_db = 20 * np.log10(np.abs(wave[RATE // 2 :]).max(axis=0) + 1e-9)
    assert loudest_db[:5].min() > -40
    assert loudest_db[5:].max() < -80


def test_a_killed_sound_process_starts_again_with_its_voices_alive(rig: SoundRig, tmp_path: Path) -> None:
    block = Block.create(SIZE, "sound")
    control = SoundControl(block, SOUND, RING, STAGE)
    child = SoundProcess(rig.env, block, RING)
    tone = (Hold("tone", pitch=69, level=0.7, voice="sine", controls={"space": 0}),)
    try:
        wait_for(control, RATE)
        play(control, 0.5, tone)
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()
        child = SoundProcess(rig.env, block, RING)
        before = control.meters().frame
        wait_for(control, RATE // 2)
        recording = rig.record(tmp_path / "again.raw")
        play(control, 3.5, tone)
        wave = recording.stop()
        meters = control.meters()
    finally:
        child.stop()
    assert meters.frame > before and meters.restarts == 1
    assert meters.voices == 1
    steady = wave[-RATE:, 0]
    assert strongest_hz(steady) == pytest.approx(440, abs=0.2)
    assert len(breaks(steady, 440)) == 0


def test_a_server_that_comes_later_is_used_and_one_that_dies_leaves_the_null_backend(tmp_path: Path) -> None:
    block = Block.create(SIZE, "sound")
    control = SoundControl(block, SOUND, RING, STAGE)
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        child = SoundProcess({**os.environ, "PULSE_SERVER": f"unix:{folder}/run/native"}, block, RING)
        try:
            wait_for(control, 1000)
            wait_until(control, lambda meters: "PulseAudio" in meters.reason)
            before = control.meters()
            rig = SoundRig(Path(folder))
            wait_until(control, lambda meters: meters.backend == "portaudio")
            rig.stop()
            wait_until(control, lambda meters: meters.backend == "null")
            wait_for(control, 1000)
        finally:
            took = child.stop()
    assert before.backend == "null"
    assert took < 2.0


def wait_until(control: SoundControl, is_so: Callable[[Meters], bool]) -> None:
    patience_ns = monotonic_ns() + 150 * NS
    while not is_so(control.meters()):
        assert monotonic_ns() < patience_ns, control.meters()
        sleep_s(0.02)
