"""A note on the next eighth sounds on it to the sample: offline, and on a device that is neither even nor true."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns
from engine.music.tempo import Tempo
from engine.scene.isolated import aged
from engine.show import model
from engine.show.files import read_show
from engine.show.model import Sound, Stage
from engine.sound import block as b
from engine.sound.block import SIZE, address, open_memory
from engine.sound.control import SoundControl
from engine.sound.events import Note, Sounds
from engine.sound.mixer import render
from engine.sound.offline import OfflineSound
from engine.sound.pace import Pace
from engine.sound.score import Score
from engine.supervise.memory import Block
from engine.testing.rehearsal import Act
from engine.world import Now
from tests.offline_show import heard

RATE = 48_000
CLICK = {"voice": "sine", "length": 0.01, "attack": 0, "release": 0.01, "space": 0}
SCENE = """
from engine import Scene

class Beats(Scene):
    def play(self, sound, now):
        sound.note(81, 0.9, None, "sine", 0.01, when="1/8", attack=0, release=0.01, space=0)
"""


def onsets(wave: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the first sample of each click: the first that is not silent after 30 ms of silence."""
    loud = np.flatnonzero(np.abs(wave) > 1e-6)
    return loud[np.diff(loud, prepend=-RATE) > RATE * 0.03]


def first_sample() -> int:
    """Return by how many samples a click is heard after the frame that it begins in."""
    sound = OfflineSound()
    sound.submit([Sounds("a", (Note(81, 0.9, None, "sine", 0.01, 0.0, {"attack": 0, "release": 0.01, "space": 0}),))],
                 round(NS / 2))
    sound.advance(0.6)
    return int(onsets(sound.samples[:, 0])[0]) - RATE // 2


def eighths(folder: Path, seconds: float, script=(), rate: int = RATE, **tempo: float) -> NDArray[np.int64]:
    """Return the first samples of a scene's eighths after the first second, rendered offline by a show of its own."""
    (folder / "beats.py").write_text(SCENE)
    show = replace(read_show(folder / "beats.py", simulate=True), sound=Sound(rate=rate), tempo=model.Tempo(**tempo))
    sound = heard(show, seconds, script)
    found = onsets(sound.samples[:, 0])
    return found[found > rate]  # those before are in the fade of the start


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_offline_each_eighth_is_where_it_should_be_to_the_sample(rate: int, tmp_path: Path) -> None:
    found = eighths(tmp_path, 6.0, rate=rate, bpm=131.7)
    want = np.arange(5, 27) * 30 / 131.7 * rate
    assert np.abs(found - first_sample() - want).max() <= 1.0


def test_offline_eighths_follow_each_change_of_the_tempo_to_the_sample(tmp_path: Path) -> None:
    turns = [(1.03, 160.0), (1.9, 83.3), (1.95, 84.0), (2.5, 240.0), (4.0, 61.0)]
    turns += [(4.5 + frame / 60, 61.0 + frame) for frame in range(60)]  # as a fader is moved
    script = [Act(at_s, event=("osc:/tempo/bpm", bpm)) for at_s, bpm in turns]
    found = eighths(tmp_path, 7.0, script, bpm=100.0)
    steady = [(0.0, 100.0), *((math.ceil(at_s * 60 - 1e-9) / 60 + 0.1, bpm) for at_s, bpm in turns)]
    times, beat, n = [], 0.0, 0
    for (begin_s, bpm), (end_s, _) in zip(steady, [*steady[1:], (99.0, 0.0)], strict=True):
        end = beat + (end_s - begin_s) * bpm / 60
        while n / 2 < end - 1e-9 and begin_s + (n / 2 - beat) * 60 / bpm < 6.9:
            times += [begin_s + (n / 2 - beat) * 60 / bpm]
            n += 1
        beat = end
    want = np.array([time_s for time_s in times if time_s > 1.0]) * RATE
    assert len(want) > 20
    assert np.abs(found - first_sample() - want).max() <= 1.0


class Device:
    """A device of its own clock whose callbacks come unevenly, rendered by the same kernel as a real one.

    Args:
        ppm: By how much its clock is fast.
        late_s: Returns how much too late each callback comes.
    """

    def __init__(self, ppm: float, late_s, block: int = 256) -> None:
        self.memory_block = Block.private(SIZE)
        self.sound = Sound(block=block)
        self.control = SoundControl(self.memory_block, self.sound, {}, Stage())
        self.memory = open_memory(self.memory_block, self.sound, ())
        self.memory.header[b.H_RUNNING], self.memory.header[b.H_LIVE] = 1, 0
        self.start_ns = monotonic_ns() + 10**12  # so that what is simulated is never "stopped" for the real clock
        self.pace, self.late_s, self.block = 1 + ppm * 1e-6, late_s, block
        self.heard: list[NDArray[np.float32]] = []

    def run(self, until_s: float) -> None:
        """Call back as often as it does until then."""
        header = self.memory.header
        while True:
            n = int(header[b.H_CALLBACKS])
            at_s = n * self.block / (RATE * self.pace) + self.late_s(n)
            if at_s > until_s:
                return
            out = np.zeros((self.block, 2), np.float32)
            header[b.H_STAMP_NS] = stamp_ns = self.start_ns + round(at_s * NS)
            render(address(self.memory), out, 0)
            self.memory.history[n % b.HISTORY] = header[b.H_FRAME], stamp_ns
            header[b.H_CALLBACKS] = n + 1
            self.heard.append(out)

    def sample_at(self, time_s: float) -> float:
        """Return the device's own sample at a time."""
        return time_s * RATE * self.pace


def jitter(seed: int, usual_s: float, often: float, far_s: float):
    rng = np.random.default_rng(seed)
    late = np.where(rng.random(20_000) < often, rng.uniform(0, far_s, 20_000), rng.exponential(usual_s, 20_000))
    return lambda n: float(late[n])


@pytest.mark.parametrize(("ppm", "late_s"), [
    (85.0, jitter(2, 60e-6, 0.05, 0.004)),  # a sound card whose quartz is fast, on a busy machine
    (-60.0, lambda n: (n % 4) * -0.004 + 0.012),  # a sound server that calls four times in a row
])
def test_on_a_device_of_its_own_pace_beats_keep_their_distance_to_the_sample(ppm: float, late_s) -> None:
    device, score, tempo = Device(ppm, late_s), Score("a", np.random.default_rng(1), Path()), Tempo.steady(211.3)
    frames = 25 * 60
    work = np.random.default_rng(5).uniform(0.0, 0.015, frames)
    for frame in range(frames):
        time_s = frame / 60
        device.run(1.0 + time_s + work[frame])
        now = Now(time=time_s, frame=frame, tempo=tempo)
        score.begin(now)
        score.note(81, 0.9, **CLICK, when="1/8")
        device.control.submit([score.end()], device.start_ns + round((1.0 + time_s) * NS))
    found = onsets(np.concatenate(device.heard)[:, 0])
    eighth_s = 30 / 211.3
    want = np.array([device.sample_at(1.0 + n * eighth_s) for n in range(len(found))])
    off = found - want
    settled = off[round(8 / eighth_s) :]
    assert len(settled) > 100
    assert np.abs(np.diff(settled)).max() <= 1.0
    assert np.ptp(settled) < 12  # the line itself: a quarter of a millisecond in forty seconds
    assert device.control.meters().late == 0


def test_a_note_that_a_scene_in_its_own_process_asked_for_frames_ago_stays_on_its_beat() -> None:
    on_beat, at_once = Note(delay_s=0.09, on_beat=True), Note()
    assert aged(on_beat, 2 / 60).delay_s == pytest.approx(0.09 - 2 / 60)
    assert aged(on_beat, 0.2).delay_s == 0.0 and aged(at_once, 0.2) is at_once


def test_the_pace_finds_a_drift_and_a_device_that_stood_still_is_seen_at_once() -> None:
    rng, pace = np.random.default_rng(1), Pace(RATE)
    for look in range(1200):
        pace.see(look / 4, 1000 + 85e-6 * RATE * look / 4 + rng.normal(0, 10))
    assert pace.drift_ppm == pytest.approx(85, abs=2)
    assert pace.ahead(300) == pytest.approx(1000 + 85e-6 * RATE * 300, abs=8)
    for look in range(1200, 1204):
        pace.see(look / 4, 1000 + 85e-6 * RATE * look / 4 - 9600)
    assert pace.ahead(301) == pytest.approx(1000 + 85e-6 * RATE * 301 - 9600, abs=8)
    assert pace.drift_ppm == pytest.approx(85, abs=2)
