"""Probes: pink to half a decibel, never above -20 dBFS, from one speaker and no other; the list of speakers."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from engine.cli import main
from engine.commands.speakers import FPS, GAP_S, PATIENCE_S, boost_db, lines, until_heard
from engine.show import model
from engine.sound.events import Note, Sounds
from engine.sound.offline import OfflineSound
from engine.sound.probe import call, pink_gain_db, pink_noise
from engine.sound.recording import Recording
from engine.sound.speakers import alone

RATE = 48_000
SPEAKERS = {
    "left": model.Speaker(name="left", output=3, trim_db=-4.0),
    "right": model.Speaker(name="right", output=1, at_m=(6.0, 0.0), trim_db=2.0, delay_ms=12.5,
                           eq=(model.Band(hz=120, gain_db=3.0, q=1.0), model.Band(hz=4000, gain_db=-6.0))),
    "sub": model.Speaker(name="sub", output=4, lowpass_hz=90),
}


def rms_db(wave: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wave**2)))


def test_pink_noise_falls_3_db_an_octave_at_minus_20_dbfs_and_repeats_without_a_seam() -> None:
    wave = pink_noise(10.0, RATE)
    assert rms_db(wave) == pytest.approx(-20, abs=0.01)
    assert np.abs(wave).max() < 10 ** (-6 / 20)
    power, hz = np.abs(np.fft.rfft(wave)) ** 2, np.fft.rfftfreq(len(wave), 1 / RATE)
    octaves = [10 * np.log10(power[(hz >= low) & (hz < 2 * low)].sum()) for low in 31.25 * 2 ** np.arange(9)]
    assert np.ptp(octaves) < 0.5
    assert abs(wave[0] - wave[-1]) < 0.1


@pytest.mark.parametrize(("number", "tones"), [(1, 1), (7, 7), (10, 1), (23, 5), (64, 10)])
def test_a_call_counts_its_number_and_is_never_louder_than_minus_20_dbfs(number, tones) -> None:
    wave = call(number, RATE)
    tail = wave[round(0.85 * RATE) :]
    envelope = np.sqrt(np.convolve(tail**2, np.full(480, 1 / 480), "same")) > 0.05
    assert np.count_nonzero(np.diff(envelope.astype(int)) == 1) == tones
    loudness = np.sqrt(np.convolve(wave**2, np.full(4800, 1 / 4800), "same"))
    assert 20 * np.log10(loudness.max()) < -19
    assert np.abs(np.diff(wave)).max() < 0.3 and wave[0] == wave[-1] == 0.0


class LateSound:
    """A sound engine in which one voice sounds from one frame up to another."""

    def __init__(self, first: int, last: int) -> None:
        self._sounding, self._frame = range(first, last), 0

    def submit(self, sounds: object, time_ns: int) -> None:
        self._frame += 1

    def meters(self) -> SimpleNamespace:
        return SimpleNamespace(voices=int(self._frame in self._sounding))


@pytest.mark.parametrize("late", [1, 12, 40])
def test_the_next_speaker_waits_until_a_call_has_ended_however_late_it_began(late: int) -> None:
    gap = round(GAP_S * FPS)
    assert len(list(until_heard(LateSound(late, late + 20), 1.0))) == late + 20 + gap


def test_a_call_that_never_sounds_holds_up_the_next_no_longer_than_the_patience() -> None:
    assert len(list(until_heard(LateSound(0, 0), 1.0))) == round((1.0 + PATIENCE_S) * FPS)


def test_a_probe_sounds_from_its_own_speaker_and_from_no_other(tmp_path: Path) -> None:
    plain = {name: dataclasses.replace(each, trim_db=0, delay_ms=0, eq=(), lowpass_hz=None)
             for name, each in SPEAKERS.items()}
    soundfile.write(tmp_path / "pink.wav", pink_noise(1.5, RATE), RATE, subtype="FLOAT")
    for index, output in enumerate((3, 1, 4)):
        sound = OfflineSound(speakers=plain)
        sound.advance(0.2)
        note = Note(60.0, 1.0, alone(index), Recording(f"{tmp_path}/pink.wav"), 1e9, controls={"space": 0.0})
        sound.submit((Sounds("speakers", (note,)),), 200_000_000)
        sound.advance(1.7)
        wave = sound.samples[round(0.3 * RATE) : round(1.6 * RATE)].astype(float)
        assert rms_db(wave[:, output - 1]) == pytest.approx(-20, abs=0.7)
        assert not np.delete(wave, output - 1, axis=1).any()


@pytest.mark.parametrize("name", SPEAKERS)
def test_pink_noise_for_the_meter_leaves_the_machine_at_minus_20_dbfs_whatever_stands_before_the_speaker(
    name, tmp_path: Path
) -> None:
    index, speaker = list(SPEAKERS).index(name), SPEAKERS[name]
    wave = pink_noise(3.0, RATE) * 10 ** (-pink_gain_db(speaker, RATE) / 20)
    soundfile.write(tmp_path / "pink.wav", wave, RATE, subtype="FLOAT")
    sound = OfflineSound(speakers=SPEAKERS)
    note = Note(60.0, 1.0, alone(index), Recording(f"{tmp_path}/pink.wav"), 1e9, controls={"space": 0.0})
    sound.submit((Sounds("speakers", (note,)),), 0)
    sound.advance(3.0)
    assert rms_db(sound.samples[RATE // 2 :, speaker.output - 1].astype(float)) == pytest.approx(-20, abs=1.0)


def test_the_list_says_what_stands_before_each_speaker() -> None:
    assert lines(model.Show(folder=Path(), speakers=SPEAKERS)) == [
        "speaker 1 · left   output 3   at (0, 0) m   trim -4 dB   delay 0 ms",
        "speaker 2 · right   output 1   at (6, 0) m   trim +2 dB   delay 12.5 ms   peak 120 Hz +3 dB q 1   "
        "peak 4000 Hz -6 dB q 0.7",
        "speaker 3 · sub   output 4   at (0, 0) m   trim +0 dB   delay 0 ms   lowpass 90 Hz",
    ]


def test_probes_are_quieter_by_what_trims_and_equalisers_may_raise() -> None:
    assert boost_db(SPEAKERS) == 5.0 and boost_db({}) == 0.0


def test_a_speaker_that_is_not_there_is_one_line(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.py").write_text("class A: pass\n")
    (tmp_path / "show.toml").write_text(
        'format = 1\n[scene.a]\nfile = "a.py"\n[speaker]\nfront_left = { output = 1 }\n')
    assert main(["speakers", str(tmp_path), "--play", "frontleft"]) == 1
    assert capsys.readouterr().err == "there is no speaker 'frontleft'; did you mean 'front_left'?\n"
    assert main(["speakers", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "speaker 1 · front_left   output 1   at (0, 0) m   trim +0 dB   delay 0 ms\n"
