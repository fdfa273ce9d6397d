"""Hearing: pitch within a cent, beginnings to two milliseconds, octaves in their places, nothing made up in noise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.fake.mic import SimulatedVoice, phrase
from engine.sound.hearing import BANDS_HZ, HOP, Heard, Hearing, pitch_hz

RATE = 48_000


def hear(wave: NDArray[np.float64], rate: int = RATE) -> list[Heard]:
    hearing = Hearing(rate)
    return [hearing.take(wave[i : i + HOP].astype(np.float32)) for i in range(0, len(wave) - HOP + 1, HOP)]


def tone(hz: float, amplitude: float = 0.2, harmonics: int = 5, seconds: float = 0.5,
         rate: int = RATE) -> NDArray[np.float64]:
    t = np.arange(round(seconds * rate)) / rate
    return amplitude * sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, harmonics + 1))


@pytest.mark.parametrize("rate", [44_100, RATE])
@pytest.mark.parametrize("hz", [70.0, 110.0, 220.0, 443.7, 1200.0])
def test_a_voice_has_its_pitch_loud_or_soft(hz: float, rate: int) -> None:
    for amplitude in (0.3, 0.01):
        assert hear(tone(hz, amplitude, rate=rate), rate)[-1].pitch_hz == pytest.approx(hz, rel=6e-4)


def test_without_its_fundamental_a_voice_has_the_same_pitch_and_noise_has_none() -> None:
    t = np.arange(2048) / RATE
    bare = sum(np.sin(2 * np.pi * 150 * k * t) for k in (2, 3, 4))
    assert pitch_hz(bare.astype(np.float32), RATE) == pytest.approx(150, abs=0.3)
    noise = 0.1 * np.random.default_rng(1).standard_normal(RATE)
    assert not any(heard.pitch_hz for heard in hear(noise))


def test_beginnings_are_found_where_they_are_and_steady_sounds_have_none() -> None:
    rng = np.random.default_rng(2)
    wave, begins = 0.002 * rng.standard_normal(3 * RATE), [9_637, 30_011, 42_000, 70_777, 110_101]
    for begin in begins:
        wave[begin : begin + 4000] += 0.3 * rng.standard_normal(4000) * np.exp(-np.arange(4000) / 1200)
    found = [heard.began_at for heard in hear(wave) if heard.began]
    assert len(found) == len(begins)
    assert np.abs(np.array(found) - begins).max() <= 0.002 * RATE
    steady = [*hear(0.1 * rng.standard_normal(4 * RATE))[4:], *hear(tone(300, seconds=2.0))[4:]]
    assert not any(heard.began for heard in steady)


def test_a_slow_swell_and_a_vibrato_are_no_beginnings() -> None:
    t = np.arange(3 * RATE) / RATE
    swell = np.minimum(t / 2, 1) * np.sin(2 * np.pi * 300 * t)
    trill = 0.3 * np.sin(2 * np.pi * (600 * t + 3 * np.sin(2 * np.pi * 5 * t)))
    assert not any(heard.began for heard in [*hear(0.3 * swell)[4:], *hear(trill)[4:]])


@pytest.mark.parametrize("band", range(8))
def test_each_octave_is_heard_in_its_own_band(band: int) -> None:
    heard = hear(tone(BANDS_HZ[band], 0.2, 1))[-1]
    assert np.argmax(heard.bands) == band
    assert heard.bands[band] == pytest.approx(heard.level, abs=0.03)
    assert heard.level == pytest.approx((20 * np.log10(0.2 / 2**0.5) + 60) / 50, abs=0.03)


def test_the_level_falls_within_four_tenths_of_a_second() -> None:
    levels = [heard.level for heard in hear(np.concatenate([tone(200, 0.3), np.zeros(RATE)]))]
    assert levels[45] > 0.8
    assert levels[45 + round(0.45 * RATE / HOP)] == 0.0


def test_a_simulated_voice_is_the_same_for_the_same_seed_however_it_is_asked() -> None:
    whole, pieces = SimulatedVoice(3, RATE), SimulatedVoice(3, RATE)
    assert np.array_equal(whole.read(9 * RATE), np.concatenate([pieces.read(RATE // 2) for _ in range(18)]))
    assert not np.array_equal(phrase(3, 0, RATE), phrase(4, 0, RATE))
    heard = hear(SimulatedVoice(3, RATE).read(16 * RATE).astype(np.float64))
    assert 0.15 < np.mean([bool(each.pitch_hz) for each in heard]) < 0.6
    assert sum(bool(each.began) for each in heard) > 15
