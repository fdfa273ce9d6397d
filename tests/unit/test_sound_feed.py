"""What stands before a speaker: equaliser, crossover, trim and delay; edits while it sounds; sources that move."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal.windows import blackmanharris

from engine.clock import NS
from engine.show import model
from engine.sound import block as b
from engine.sound.equaliser import design, equalise
from engine.sound.events import Hold, Sounds
from engine.sound.offline import OfflineSound

RATE = 48_000
HZ = np.geomspace(20, 20_000, 200)
RING = {f"s{i}": model.Speaker(name=f"s{i}", output=i + 1, at_m=(3 * np.cos(i * np.pi / 4), 3 * np.sin(i * np.pi / 4)))
        for i in range(8)}
STAGE = model.Stage(size_m=(1.0, 1.0))


def response(kind: int, hz: float, q: float, gain_db: float, rate: int = RATE) -> NDArray[np.complex128]:
    """Return the frequency response of the kernel's coefficients at `HZ`."""
    out = np.zeros(8)
    design(float(kind), hz, q, gain_db, float(rate), out)
    z = np.exp(-2j * np.pi * HZ / rate)
    return (out[0] + out[1] * z + out[2] * z**2) / (1 + out[3] * z + out[4] * z**2)


def prototype(kind: int, hz: float, q: float, gain_db: float, rate: int = RATE) -> NDArray[np.complex128]:
    """Return the response of the analogue filter that the cookbook begins with, its frequencies warped."""
    s, a = 1j * np.tan(np.pi * HZ / rate) / np.tan(np.pi * hz / rate), 10 ** (gain_db / 40)
    root = np.sqrt(a) / q
    return {
        b.PEAK: (s**2 + s * a / q + 1) / (s**2 + s / (a * q) + 1),
        b.LOW_SHELF: a * (s**2 + root * s + a) / (a * s**2 + root * s + 1),
        b.HIGH_SHELF: a * (a * s**2 + root * s + 1) / (s**2 + root * s + a),
        b.HIGH_PASS: s**2 / (s**2 + s / q + 1),
        b.LOW_PASS: 1 / (s**2 + s / q + 1),
    }[kind]


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize(("hz", "q", "gain_db"), [(40, 0.7, -6), (1000, 4, 9), (12_000, 0.5, -24), (120, 20, 12)])
def test_each_band_has_the_response_of_its_analogue_prototype(kind, hz, q, gain_db) -> None:
    assert response(kind, hz, q, gain_db) == pytest.approx(prototype(kind, hz, q, gain_db), rel=1e-6, abs=1e-9)


def test_a_crossover_adds_up_flat() -> None:
    high, low = (response(kind, 90.0, np.sqrt(0.5), 0.0) ** 2 for kind in (b.HIGH_PASS, b.LOW_PASS))
    assert np.abs(20 * np.log10(np.abs(high + low))).max() < 1e-3
    assert 20 * np.log10(np.abs(high[HZ < 46]).max()) == pytest.approx(-24.6, abs=1)


def test_an_equaliser_that_falls_silent_leaves_nothing_behind_to_slow_the_processor() -> None:
    biquads, wave = np.zeros((1, 8)), np.ones(b.QUANTUM)
    design(float(b.PEAK), 20.0, 10.0, 12.0, float(RATE), biquads[0])
    for _ in range(30 * RATE // b.QUANTUM):
        equalise(wave, biquads, 1)
        assert not np.any((np.abs(wave) < 1e-300) & (wave != 0))
        wave[:] = 0.0
    assert not biquads[0, 5:7].any()


def play(sound: OfflineSound, begin_s: float, end_s: float, hold: Callable[[float], Hold]) -> NDArray[np.float64]:
    """Ask for a hold 60 times a second; return what was rendered meanwhile."""
    before = len(sound.samples)
    for frame in range(round(begin_s * 60), round(end_s * 60)):
        sound.submit((Sounds("a", (), (hold(frame / 60),)),), round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    return sound.samples[before:].astype(float)


def tone(pitch: float = 69.0, at: tuple[float, float] | None = None, level: float = 0.7) -> Hold:
    return Hold("x", pitch=pitch, level=level, voice="sine", at=at, controls={"space": 0})


def rms_db(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    return 10 * np.log10((wave[-RATE // 5 :] ** 2).mean(axis=0) + 1e-20)


EQ = (model.Band(hz=440, gain_db=-9, q=2.0), model.Band(hz=2000, gain_db=6, kind="high_shelf"))


def test_a_tone_is_equalised_trimmed_and_crossed_over_as_the_show_says() -> None:
    plain = model.Speaker(name="plain", output=1)
    speakers = {each.name: each for each in (
        plain, model.Speaker(name="eq", output=2, eq=EQ), model.Speaker(name="sub", output=3, lowpass_hz=110),
        model.Speaker(name="trim", output=4, trim_db=-7.5))}
    sound = OfflineSound(speakers=speakers)
    level = rms_db(play(sound, 0, 1, lambda t: tone()))
    near = np.argmin(np.abs(HZ - 440))
    eq_db = sum(20 * np.log10(np.abs(prototype(k, band.hz, band.q, band.gain_db)[near]))
                for k, band in zip((b.PEAK, b.HIGH_SHELF), EQ, strict=True))
    sub_db = 40 * np.log10(np.abs(prototype(b.LOW_PASS, 110, np.sqrt(0.5), 0)[near]))
    assert level - level[0] == pytest.approx([0, eq_db, sub_db, -7.5], abs=0.1)


EDITS = {
    "trim": {"trim_db": -9.0}, "delay": {"delay_ms": 4.3}, "eq": {"eq": EQ}, "highpass": {"highpass_hz": 300.0},
    "another eq": {"eq": (model.Band(hz=220, gain_db=-12, q=5.0),)}, "place": {"at_m": (9.0, 9.0)},
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_a_speaker_is_heard_and_does_not_click(edit) -> None:
    speakers = {name: dataclasses.replace(speaker, eq=EQ[1:]) for name, speaker in RING.items()}
    edited = {name: dataclasses.replace(speaker, **EDITS[edit]) for name, speaker in speakers.items()}
    edited = edited if edit != "place" else {"s0": edited["s0"], **{n: s for n, s in speakers.items() if n != "s0"}}
    sound, show = OfflineSound(speakers=speakers, stage=STAGE), model.Show(folder=None, speakers=edited, stage=STAGE)
    # quiet enough for the cap of -20 dBFS, which comes with the edit
    before = play(sound, 0, 0.7, lambda t: tone(57.0, (3.0, 0.2), 0.4))
    sound.control.adopt(show)
    after = play(sound, 0.7, 1.2, lambda t: tone(57.0, (3.0, 0.2), 0.4))
    wave = np.concatenate([before, after])[RATE // 5 :]
    assert np.abs(np.diff(wave, 6, axis=0)).max() < 1e-4  # a jump of 5e-6
    fresh = OfflineSound(speakers=edited, stage=STAGE)
    assert rms_db(after) == pytest.approx(rms_db(play(fresh, 0, 1.2, lambda t: tone(57.0, (3.0, 0.2), 0.4))), abs=0.05)
    if edit != "delay":
        assert np.abs(rms_db(after) - rms_db(before)).max() > 1


def test_edits_that_follow_each_other_end_at_the_last_one() -> None:
    sound = OfflineSound(speakers=RING, stage=STAGE)
    for i in range(12):
        edited = {name: dataclasses.replace(speaker, trim_db=-i) for name, speaker in RING.items()}
        sound.control.adopt(model.Show(folder=None, speakers=edited, stage=STAGE))
        wave = play(sound, i / 60, (i + 1) / 60, lambda t: tone())
    wave = play(sound, 0.2, 1.0, lambda t: tone())
    fresh = play(OfflineSound(speakers=edited, stage=STAGE), 0, 1.0, lambda t: tone())
    assert rms_db(wave) == pytest.approx(rms_db(fresh), abs=0.01)


def circle(t: float) -> tuple[float, float]:
    return 2.5 * np.cos(0.5 * np.pi * t), 2.5 * np.sin(0.5 * np.pi * t)


def strays_db(wave: NDArray[np.float64], beyond_hz: float) -> float:
    """Return the strongest line further from the tone than `beyond_hz`, against the tone."""
    power = np.abs(np.fft.rfft(wave * blackmanharris(len(wave))[:, None], axis=0)).max(axis=1)
    hz = np.fft.rfftfreq(len(wave), 1 / RATE)
    return float(20 * np.log10(power[np.abs(hz - hz[power.argmax()]) > beyond_hz].max() / power.max()))


@pytest.mark.parametrize("panning", b.PANNINGS)
def test_a_source_that_circles_keeps_its_power_and_has_no_zipper_noise(panning) -> None:
    sound = OfflineSound(model.Sound(panning=panning), RING, STAGE)
    wave = play(sound, 0, 5.0, lambda t: tone(83.2, circle(t)))[RATE :]
    power = np.convolve((wave**2).sum(axis=1), np.full(4800, 1 / 4800), "valid")
    assert np.ptp(10 * np.log10(power)) < 0.1
    assert strays_db(wave, 50) < -80


@pytest.mark.parametrize("panning", b.PANNINGS)
def test_a_source_that_jumps_from_side_to_side_in_every_frame_has_no_zipper_noise(panning) -> None:
    sound = OfflineSound(model.Sound(panning=panning), RING, STAGE)
    wave = play(sound, 0, 3.2, lambda t: tone(83.2, (3.0 - 6.0 * (round(t * 60) % 2), 0.0)))[RATE // 5 :]
    assert strays_db(wave, 110) < -80  # nearer are 30 and 90 Hz of the jumping itself


def test_a_source_begins_where_it_is_and_no_speaker_far_from_it_sounds_first() -> None:
    wave = play(OfflineSound(speakers=RING, stage=STAGE), 0, 0.2, lambda t: tone(at=(3.0, 0.0)))
    power = (wave[: RATE // 50] ** 2).sum(axis=0)
    assert power.argmax() == 0 and power[0] > 0.6 * power.sum()
