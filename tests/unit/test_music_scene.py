"""A scene that composes itself from all the tools, rendered offline: on its beat, in its scale, from its seed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import Scale
from engine.show import model
from engine.show.files import read_show
from engine.sound.offline import OfflineSound
from tests.offline_show import heard

SECONDS = 12.0
BPM = 126.0
SCENE = '''
from pathlib import Path

from engine import Drone, Markov, Pattern, Scale, Scene, Tuning, Walk, euclid


class Garden(Scene):
    """A drone, a drum, and a melody that wanders in a tuning read from a file."""

    def setup(self, stage):
        tuning = Tuning.read(Path(__file__).with_name("ptolemy.scl"), root="D3")
        self.scale = Scale(tuning=tuning)
        self.drone = Drone(self.rng, self.scale, "D2", "D4", voices=4, level=0.35)
        self.drum = euclid(3, 8) + euclid(5, 8)
        self.bass = Pattern(["D2", None, [None, "A2"], None])
        self.melody = Walk(self.rng, "D4", "D6", 2, scale=self.scale)
        self.lengths = Markov([1, 1, 2, 1, 1, 4], self.rng)
        self.next_step = 0

    def play(self, sound, now):
        for tone in self.drone.at(now.time):
            sound.hold(tone.key, voice="warm", pitch=tone.pitch, level=tone.level)
        for step in sound.steps("1/16"):
            if self.drum[step]:
                sound.note(118, voice="sine", level=0.5, length=0.02, attack=0, release=0.02, space=0, when=step)
            if step % 4 == 0 and (key := self.bass[step // 4]):
                sound.note(self.scale.nearest(key), voice="pluck", level=0.5, when=step)
            if step >= self.next_step:
                sound.note(self.melody.step(), voice="glass", level=0.45, length=0.3, when=step)
                self.next_step = step + 2 * self.lengths.step()
'''
PTOLEMY = """! ptolemy.scl
Intense diatonic of Ptolemy
7
9/8
5/4
4/3
3/2
5/3
15/8
2
"""
CLICK_HZ = 440 * 2 ** ((118 - 69) / 12)


def played(folder: Path, seed: int, seconds: float = SECONDS) -> OfflineSound:
    (folder / "garden.py").write_text(SCENE)
    (folder / "ptolemy.scl").write_text(PTOLEMY)
    show = replace(read_show(folder / "garden.py", simulate=True), tempo=model.Tempo(bpm=BPM))
    return heard(show, seconds, seed=seed)


def clicks(wave: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return when the drum begins, in seconds: where the band of its tone rises."""
    n = np.arange(len(wave))
    band = np.convolve(wave * np.exp(-2j * np.pi * CLICK_HZ / rate * n), np.ones(240) / 240, "same")
    loud = np.flatnonzero(np.abs(band) > 0.3 * np.abs(band).max())
    return loud[np.diff(loud, prepend=-rate) > 0.03 * rate] / rate


def test_a_scene_of_all_tools_is_on_its_beat_in_its_scale_and_from_its_seed(tmp_path: Path) -> None:
    once = played(tmp_path, seed=3)
    rate, wave = once.rate, once.samples.mean(1)
    sixteenth_s = 15 / BPM
    places = clicks(wave, rate) / sixteenth_s
    hits = np.array([bool(int(sign)) for sign in "1001001010110110"])
    found = np.round(places[places > 4]).astype(int)
    assert np.abs(places[places > 4] - found).max() < 0.1
    assert set(found) == {step for step in range(5, int(SECONDS / sixteenth_s)) if hits[step % 16]}
    assert strangers(wave, rate) < 0.1
    again, other = played(tmp_path, 3, 4.0).samples, played(tmp_path, 4, 4.0).samples
    assert (again == once.samples[: len(again)]).all() and (other != again).any()


def strangers(wave: NDArray[np.float32], rate: int) -> float:
    """Return the share of the power from 70 to 600 Hz that is further than 35 cents from each just step."""
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
    hz = np.fft.rfftfreq(len(wave), 1 / rate)
    band = (hz > 70) & (hz < 600)
    pitch = 69 + 12 * np.log2(hz[band] / 440)
    steps = 12 * np.log2([1, 9 / 8, 5 / 4, 4 / 3, 3 / 2, 5 / 3, 15 / 8, 2]) + Scale("octaves", "D3")[0]
    near = np.abs((pitch[:, None] - steps + 6) % 12 - 6).min(1) < 0.35
    return float(power[band][~near].sum() / power[band].sum())
