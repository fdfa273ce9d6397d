"""The room: decay as the show says, dense and without a ring, another one without a click, a measured response."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import butter, fftconvolve, sosfiltfilt

from engine.clock import NS
from engine.show import model
from engine.sound.events import Hold, Note, Sounds
from engine.sound.offline import OfflineSound
from engine.sound.recording import Recording

RATE = 48_000
FOUR = {f"s{i}": model.Speaker(name=f"s{i}", output=i + 1, at_m=(2.0 * i, 0.0)) for i in range(4)}


@pytest.fixture(scope="module")
def click(tmp_path_factory) -> Recording:
    """A voice that is one short click."""
    path = tmp_path_factory.mktemp("room") / "click.wav"
    wave = np.zeros(64)
    wave[8] = 0.5
    soundfile.write(path, wave, RATE, subtype="FLOAT")
    return Recording(str(path))


def heard(
    voice: Recording, reverb: model.Reverb, seconds: float, space: float, block_s: float = 1.0
) -> NDArray[np.float64]:
    """Play a note of a voice everywhere, after the fade of every start; return what is heard from it on."""
    sound = OfflineSound(speakers=FOUR, reverb=reverb)
    sound.advance(0.25)
    sound.submit((Sounds("a", (Note(60, 1.0, None, voice, 1e9, controls={"space": space}),)),), NS // 4)
    for end_s in np.arange(0.25 + block_s, 0.25 + seconds + block_s, block_s):
        sound.advance(end_s)
    assert not sound.control.problems
    return sound.samples[RATE // 4 :][: round(seconds * RATE)].astype(float)


def answer(voice: Recording, reverb: model.Reverb, seconds: float) -> NDArray[np.float64]:
    """Return the room's part of what is heard."""
    return heard(voice, reverb, seconds, 1.0) - heard(voice, reverb, seconds, 0.0)


def decay_s(wave: NDArray[np.float64], hz: float) -> float:
    """Return the reverberation time of an octave from -5 to -35 dB (T30 of ISO 3382-1, backward integration)."""
    octave = sosfiltfilt(butter(4, (hz / np.sqrt(2), hz * np.sqrt(2)), "band", fs=RATE, output="sos"), wave)
    energy_db = 10 * np.log10(np.cumsum((octave**2)[::-1])[::-1] / np.sum(octave**2) + 1e-30)
    first, last = np.argmax(energy_db < -5), np.argmax(energy_db < -35)
    return -60 / np.polyfit(np.arange(first, last), energy_db[first:last], 1)[0] / RATE


ROOMS = [model.Reverb(), model.Reverb(decay_s=0.6, size=0.4), model.Reverb(decay_s=1.2, damping=0.0, level_db=-6),
         model.Reverb(decay_s=6.0, size=1.5, damping=0.5)]


@pytest.mark.parametrize("reverb", ROOMS)
def test_the_room_decays_as_long_as_the_show_says_and_no_tone_of_it_stands_out(click, reverb) -> None:
    wave = answer(click, reverb, max(2.0, 1.3 * reverb.decay_s))[:, 0]
    assert (decay_s(wave, 500) + decay_s(wave, 1000)) / 2 == pytest.approx(reverb.decay_s, rel=0.1)
    high = decay_s(wave, 8000) / reverb.decay_s
    assert high == pytest.approx(1 - reverb.damping, abs=0.06)
    tail = wave[round(0.3 * reverb.decay_s * RATE) : round(reverb.decay_s * RATE)]
    tail = tail * np.exp(6.908 * np.arange(len(tail)) / RATE / reverb.decay_s) * np.hanning(len(tail))
    power = np.abs(np.fft.rfft(tail)) ** 2
    hz = np.fft.rfftfreq(len(tail), 1 / RATE)
    prominence = (power / median_filter(power, 201))[(hz > 100) & (hz < 6000)]
    assert 10 * np.log10(np.percentile(prominence, 99.9)) < 18  # noise: 10; a network that stands still: up to 45


def test_echoes_are_as_dense_as_noise_after_a_tenth_of_a_second(click) -> None:
    """By the share of samples beyond one standard deviation (Abel & Huang 2006): 1 is Gaussian."""
    wave = answer(click, model.Reverb(), 0.5)
    for speaker in range(4):
        parts = wave[RATE // 10 : RATE * 11 // 25, speaker].reshape(-1, 960)
        density = (np.abs(parts) > parts.std(axis=1, keepdims=True)).mean() / 0.3173
        assert density == pytest.approx(1.0, abs=0.12)


def test_speakers_answer_each_in_a_way_of_its_own_and_equally_loud(click) -> None:
    wave = answer(click, model.Reverb(), 2.0)[RATE // 10 :]
    assert np.abs(np.corrcoef(wave.T) - np.eye(4)).max() < 0.25
    assert np.ptp(10 * np.log10((wave**2).sum(axis=0))) < 1.5


def test_the_predelay_puts_the_room_off_and_the_level_turns_it_down(click) -> None:
    near, late = (answer(click, model.Reverb(predelay_ms=ms, level_db=db), 1.5) for ms, db in ((0, 0), (80, -6)))
    shift = round(0.08 * RATE)
    assert np.abs(late[:shift]).max() == 0.0
    loud = [10 * np.log10((wave**2).sum()) for wave in (near[:-shift], late[shift:])]
    assert loud[0] - loud[1] == pytest.approx(6.0, abs=0.5)


def test_a_sound_so_short_that_nothing_has_come_back_yet_is_answered_all_the_same(click) -> None:
    assert np.abs(answer(click, model.Reverb(predelay_ms=250), 1.0)[RATE // 3 :]).max() > 1e-5


def test_the_room_is_equal_to_the_bit_however_it_is_rendered_and_ends_in_silence(click) -> None:
    room = model.Reverb(decay_s=0.4)
    waves = [heard(click, room, 3.0, 1.0, block_s) for block_s in (1.0, 0.0171)]
    assert np.array_equal(*waves)
    assert not waves[0][-RATE // 2 :].any()


def edited(sound: OfflineSound, before: model.Reverb, after: model.Reverb, seconds: float) -> NDArray[np.float64]:
    """Return a held tone in a room that changes in the middle."""
    hold = Sounds("a", (), (Hold("x", 57, 0.5, voice="sine", controls={"space": 1.0}),))
    for frame in range(round(seconds * 60)):
        if frame == round(seconds * 30):
            sound.control.adopt(model.Show(folder=None, speakers=FOUR, reverb=after))
        sound.submit((hold,), round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    return sound.samples.astype(float)


@pytest.mark.parametrize("edit", [{"size": 0.4}, {"decay_s": 0.3}, {"predelay_ms": 60.0}, {"level_db": -20.0}])
def test_another_room_takes_over_without_a_click(edit) -> None:
    before = model.Reverb(decay_s=1.0, size=0.8)
    sound = OfflineSound(speakers=FOUR, reverb=before)
    wave = edited(sound, before, dataclasses.replace(before, **edit), 2.0)[RATE // 2 :]
    assert np.abs(np.diff(wave, 6, axis=0)).max() < 1e-4
    assert np.abs(wave).max() > 0.05


def measured(path: Path, channels: int, frames: int, rate: int = RATE, silence: int = 400) -> NDArray[np.float64]:
    """Write a made-up response; return it as a room of this engine has it: as loud as the network."""
    rng = np.random.default_rng(4)
    wave = rng.standard_normal((frames, channels)) * np.exp(-np.arange(frames) / (0.2 * rate))[:, None]
    wave[:silence] = 0.0
    soundfile.write(path, 0.1 * wave, rate, subtype="FLOAT")
    return wave / np.sqrt((wave**2).sum() / channels / 0.144)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_measured_room_is_its_convolution_to_minus_100_db(tmp_path, channels) -> None:
    response = measured(tmp_path / "room.wav", channels, 30_000)
    noise = 0.05 * np.random.default_rng(5).standard_normal(RATE)
    noise[: RATE // 4] = 0.0  # the voice's own attack is over
    soundfile.write(tmp_path / "noise.wav", noise, RATE, subtype="FLOAT")
    voice, room = Recording(f"{tmp_path}/noise.wav"), model.Reverb(response=tmp_path / "room.wav")
    dry, wet = heard(voice, room, 2.5, 0.0), answer(voice, room, 2.5)
    gain = np.sqrt(2 / 4) / np.sqrt(1 / 4)  # what a speaker gets of the room; what it gets of a sound everywhere
    for speaker in range(4):
        wanted = gain * fftconvolve(dry[:, speaker], response[:, speaker % channels])[: len(dry)]
        error = wet[:, speaker] - wanted
        assert 10 * np.log10((error**2).sum() / (wanted**2).sum()) < -100


def test_a_response_of_another_rate_is_brought_to_ours(tmp_path, click) -> None:
    measured(tmp_path / "room.wav", 1, 44_100, 44_100, 441)
    room = model.Reverb(response=tmp_path / "room.wav")
    wave, dry = answer(click, room, 1.2)[:, 0], heard(click, room, 0.1, 0.0)[:, 0]
    first, clicked = (np.argmax(np.abs(each) > 0.01 * np.abs(each).max()) for each in (wave, dry))
    assert first - clicked == pytest.approx(480, abs=12)
    assert decay_s(wave, 1000) == pytest.approx(0.2 * 6.908, rel=0.1)


def test_a_response_that_cannot_be_read_leaves_the_network_and_says_so(tmp_path) -> None:
    (tmp_path / "broken.wav").write_text("no sound")
    soundfile.write(tmp_path / "silent.wav", np.zeros(1000), RATE)
    for name, text in (("gone", "is not there"), ("broken", "cannot be used"), ("silent", "cannot be used")):
        sound = OfflineSound(speakers=FOUR, reverb=model.Reverb(response=tmp_path / f"{name}.wav"))
        assert text in sound.control.problems[0].text and "goes on without it" in sound.control.problems[0].text
        sound.submit((Sounds("a", (Note(voice="bell", controls={"space": 1.0}),)),), 0)
        sound.advance(1.0)
        assert np.abs(sound.samples).max() > 1e-3


def test_a_response_that_is_edited_while_the_show_runs_takes_over_without_a_click(tmp_path) -> None:
    measured(tmp_path / "room.wav", 2, 20_000)
    before, after = model.Reverb(), model.Reverb(response=tmp_path / "room.wav")
    for one, other in ((before, after), (after, before)):
        wave = edited(OfflineSound(speakers=FOUR, reverb=one), one, other, 2.0)[RATE // 2 :]
        assert np.abs(np.diff(wave, 6, axis=0)).max() < 1e-4
