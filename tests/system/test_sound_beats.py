"""Beats on a real sound server: a scene's eighths as PulseAudio plays them, with changes of the tempo."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.clock import NS, RealClock, monotonic_ns, sleep_s
from engine.music.tempo import Tempo
from engine.show import model
from engine.sound.block import SIZE
from engine.sound.control import SoundControl
from engine.sound.score import Score
from engine.supervise.memory import Block
from engine.world import Now
from tests.system.sound_rig import RATE, SoundRig, missing_tools, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(bool(missing_tools()), reason=f"needs {missing_tools()}; apt-get install pulseaudio-utils"),
]
SOUND = model.Sound(latency_ms=50.0)
SECONDS, TURN_S = 9.0, 6.0
CLICK = {"voice": "sine", "length": 0.01, "attack": 0, "release": 0.01, "space": 0}


@pytest.fixture
def rig() -> Iterator[SoundRig]:
    with running() as rig:
        yield rig


def onsets(wave: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the first sample of each click."""
    loud = np.flatnonzero(np.abs(wave) > 1e-6)
    return loud[np.diff(loud, prepend=-RATE) > RATE * 0.03]


def test_eighths_keep_their_distance_on_a_sound_server_before_and_after_a_change_of_tempo(
    rig: SoundRig, tmp_path: Path
) -> None:
    block = Block.create(SIZE, "sound")
    control, score = SoundControl(block, SOUND, {}, model.Stage()), Score("a", np.random.default_rng(1), tmp_path)
    plan = {"sound": dataclasses.asdict(SOUND), "speakers": [], "block": block.handle, "parent": os.getpid()}
    child = subprocess.Popen([sys.executable, "-P", "-m", "engine.sound.process", json.dumps(plan)], env=rig.env,
                             pass_fds=block.descriptors, stderr=subprocess.PIPE)
    tempo = Tempo.steady(140.0)
    try:
        end_ns = monotonic_ns() + 90 * NS
        while control.meters().backend != "portaudio" or control.meters().frame < 2 * RATE:
            assert monotonic_ns() < end_ns, control.meters()
            control.heartbeat()
            sleep_s(0.02)
        recording = rig.record(tmp_path / "beats.raw")
        for tick in RealClock(60, round(60 * SECONDS)).ticks():
            tempo = tempo.turned(tick.time, 140.0 if tick.time < TURN_S else 170.0)
            score.begin(Now(time=tick.time, dt=tick.dt, frame=tick.frame, tempo=tempo))
            score.note(93, 0.9, **CLICK, when="1/8")
            control.submit([score.end()], tick.due_ns)
        found = onsets(recording.stop()[:, 0])
    finally:
        child.terminate()
        child.wait(10)
    apart = np.diff(found)
    slow, fast = apart[np.abs(apart - RATE * 30 / 140) < 400], apart[np.abs(apart - RATE * 30 / 170) < 400]
    for name, each, bpm in (("140", slow, 140), ("170", fast, 170)):
        off = np.abs(each - RATE * 30 / bpm)
        print(f"{name} bpm: {len(each)} eighths, off by p50 {np.median(off):.2f}, p90 {np.percentile(off, 90):.2f}, "
              f"max {off.max():.2f} samples")
    assert len(slow) > 15 and len(fast) > 8
    assert np.median(np.abs(slow - RATE * 30 / 140)) <= 1.5
    assert np.median(np.abs(fast - RATE * 30 / 170)) <= 1.5
