"""Files and grains as voices: as recorded, without clicks, seams or aliases, and the same to the bit."""

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.clock import NS
from engine.fake.mic import SimulatedVoice
from engine.show import model
from engine.sound.block import M_RATE, M_WRITTEN, MIC_RING, address
from engine.sound.events import Hold, Note, Sounds
from engine.sound.hearing import HOP
from engine.sound.mic import MicWriter
from engine.sound.mixer import render
from engine.sound.offline import OfflineSound
from engine.sound.recording import Cloud, Recording

RATE = 48_000
SPEAKER = {"one": model.Speaker(name="one", output=1)}
CLOUD = {"position": 0.5, "spread": 0.05, "size": 0.1, "density": 20.0, "jitter": 0.5, "detune": 0.0, "space": 0.0}
Wave = NDArray[np.float32]
Ask = Callable[[float], Hold]


def note(recording: Recording, pitch: float = 60.0) -> Note:
    return Note(pitch, 1.0, None, recording, 1e9, controls={"space": 0.0, "attack": 0.0})


def play(seconds: float, *holds: Ask, once: Note | None = None, sound: OfflineSound | None = None) -> Wave:
    """Return what one speaker plays while the same is asked for 60 times a second."""
    sound = sound or OfflineSound(speakers=SPEAKER, mics=("room",))
    for frame in range(round(seconds * 60)):
        notes = (once,) if once and not frame else ()
        sound.submit([Sounds("a", notes, tuple(hold(frame / 60) for hold in holds))], round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    assert not sound.control.problems
    return sound.samples[:, 0]


def jump(wave: Wave) -> float:
    """Return the largest jump that low tones cannot explain."""
    return float(np.abs(np.diff(wave.astype(np.float64), 6)).max()) / 10


def save(path: Path, wave: NDArray[np.float64], rate: int = RATE) -> str:
    soundfile.write(path, wave.astype(np.float32), rate, subtype="FLOAT")
    return str(path)


def tone(hz: float, seconds: float, rate: int = RATE) -> NDArray[np.float64]:
    return np.asarray(0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate))


def level_db(wave: Wave, low_hz: float, high_hz: float) -> float:
    """Return the strongest line between two frequencies, against the strongest of all."""
    lines = np.abs(np.fft.rfft(wave * np.blackman(len(wave))))
    hz = np.fft.rfftfreq(len(wave), 1 / RATE)
    return float(20 * np.log10(lines[(hz >= low_hz) & (hz < high_hz)].max() / lines.max()))


@pytest.fixture
def chord(tmp_path: Path) -> str:
    return save(tmp_path / "chord.wav", 0.5 * (tone(220.3, 2.0) + tone(331.7, 2.0)) * (1 + 0.3 * tone(0.7, 2.0)))


def test_as_recorded_is_as_recorded(tmp_path: Path) -> None:
    wave = tone(440, 2.0) + 0.01 * np.random.default_rng(1).standard_normal(2 * RATE)
    heard, begin, end = play(2.0, once=note(Recording(save(tmp_path / "a.wav", wave)))), RATE, 2 * RATE - 4000
    likeness = [np.corrcoef(heard[begin:end], wave[begin - delay : end - delay])[0, 1] for delay in range(200)]
    assert max(likeness) > 0.9995  # the way to the speaker takes direct current out


@pytest.mark.parametrize(("pitch", "hz"), [(48.0, 500), (67.0, 1498.3), (72.0, 2000), (91.0, 5993), (100.0, 10_079)])
def test_a_tone_of_1_khz_is_moved_and_nothing_is_folded_back(tmp_path: Path, pitch: float, hz: float) -> None:
    file = save(tmp_path / "a.wav", tone(1000, 8.0))
    heard = play(0.5, once=note(Recording(file), pitch))[4000:20_384]
    assert level_db(heard, hz - 20, hz + 20) == 0.0
    assert max(level_db(heard, 100, hz - 100), level_db(heard, hz + 100, 24_000)) < -75


def test_what_would_leave_the_spectrum_is_gone_and_does_not_come_back_lower(tmp_path: Path) -> None:
    wave = tone(9000, 8.0) + 0.1 * tone(300, 8.0)
    for pitch in (79.0, 84.0, 91.0):  # 27 kHz, 36 kHz, 54 kHz
        heard = play(0.5, once=note(Recording(save(tmp_path / "a.wav", wave)), pitch))[4000:20_384]
        low_hz = 300 * 2 ** ((pitch - 60) / 12)
        assert level_db(heard, low_hz - 20, low_hz + 20) == 0.0
        assert level_db(heard, low_hz + 100, 20_000) < -60


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
def test_files_of_any_rate_sound_at_their_pitch(tmp_path: Path, rate: int) -> None:
    heard = play(0.5, once=note(Recording(save(tmp_path / "a.wav", tone(1000, 1.0, rate), rate))))[4000:20_384]
    assert level_db(heard, 995, 1005) == 0.0
    assert max(level_db(heard, 100, 900), level_db(heard, 1100, 20_000)) < -75


def test_backwards_is_the_file_from_its_end(tmp_path: Path) -> None:
    wave = np.concatenate([tone(300, 0.4), tone(900, 0.4)])
    heard = play(0.9, once=note(Recording(save(tmp_path / "a.wav", wave), backwards=True)))
    assert level_db(heard[3000:16_000], 890, 910) == 0.0
    assert level_db(heard[22_000:35_000], 290, 310) == 0.0
    assert np.abs(heard[41_000:]).max() < 1e-4


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("pitch", [60.0, 54.3, 70.0])
def test_a_loop_between_two_points_has_no_seam(chord: str, backwards: bool, pitch: float) -> None:
    loop = Recording(chord, 0, backwards, None, 0.3, 1.1, 0.1)
    heard = play(3.0, lambda _: Hold("x", pitch, 1.0, None, loop, {"space": 0.0}))[6000:]
    assert jump(heard) < 1e-4
    assert min(part.std() for part in np.split(heard[: 9600 * 13], 13)) > 0.5 * heard.std()


def test_a_seam_keeps_its_power_whether_its_sides_are_alike_or_not(tmp_path: Path) -> None:
    noise = save(tmp_path / "n.wav", 0.1 * np.random.default_rng(3).standard_normal(RATE))
    same = save(tmp_path / "s.wav", tone(200, 1.0))
    for file in (noise, same):
        loop = Recording(file, 0, False, None, 0.1, 0.9, 0.4)  # half of it is seam
        heard = play(3.0, lambda _, loop=loop: Hold("x", 60, 1.0, None, loop, {"space": 0.0}))[12_000:]
        powers = [float(part.std()) for part in np.split(heard[: 2400 * 50], 50)]
        assert max(powers) / min(powers) < 1.35


def test_a_loop_with_an_intro_plays_it_once(tmp_path: Path) -> None:
    wave = np.concatenate([tone(300, 0.5), tone(900, 0.5)])
    loop = Recording(save(tmp_path / "a.wav", wave), 0, False, 0.0, 0.6, 0.9, 0.02)
    heard = play(2.0, lambda _: Hold("x", 60, 1.0, None, loop, {"space": 0.0}))
    assert level_db(heard[6000:20_000], 290, 310) == 0.0
    assert level_db(heard[30_000:], 290, 310) < -60


def test_a_file_that_is_edited_is_heard_at_once_and_without_a_click(tmp_path: Path) -> None:
    sound, path = OfflineSound(speakers=SPEAKER), tmp_path / "a.wav"
    hold = Hold("x", 60, 1.0, None, Recording(save(path, tone(300, 1.0))), {"space": 0.0})
    play(1.0, lambda _: hold, sound=sound)
    save(path, tone(500, 1.01))
    sound.control.renew({path.resolve()})
    for frame in range(60, 150):
        sound.submit([Sounds("a", (), (hold,))], round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    heard = sound.samples[:, 0]
    assert level_db(heard[:40_000], 290, 310) == 0.0
    assert level_db(heard[80_000:], 490, 510) == 0.0
    assert level_db(heard[80_000:], 290, 310) < -60
    assert jump(heard[4000:]) < 1e-3


@pytest.mark.parametrize("controls", [
    {"jitter": 0.0}, {"density": 300.0, "size": 0.2}, {"size": 0.01}, {"detune": 7.0}])
def test_a_cloud_never_clicks(chord: str, controls: dict[str, float]) -> None:
    heard = play(1.5, lambda s: Hold("x", 60, 1.0, None, Cloud(chord, seed=5), CLOUD | controls | {"position": s / 2}))
    assert np.abs(heard).max() > 0.02
    assert jump(heard) < (2e-3 if controls.get("size") == 0.01 else 2e-4)
    assert np.abs(heard[:4]).max() < 1e-4


def test_a_cloud_follows_its_position_and_ends_when_it_is_not_asked_for(tmp_path: Path) -> None:
    file = save(tmp_path / "a.wav", np.concatenate([tone(300, 1.0), tone(900, 1.0)]))
    sound = OfflineSound(speakers=SPEAKER)
    heard = play(2.0, lambda s: Hold("x", 60, 1.0, None, Cloud(file), CLOUD | {"position": 0.25 if s < 1 else 0.75}),
                 sound=sound)
    assert level_db(heard[10_000:45_000], 880, 920) < -40
    assert level_db(heard[60_000:], 280, 320) < -40
    sound.submit([Sounds("a")], 2 * NS)
    sound.advance(3.0)
    assert np.abs(sound.samples[-4000:]).max() < 1e-5
    assert sound.control.meters().voices == 0


def test_a_cloud_is_as_dense_as_it_is_asked_to_be_and_as_loud_however_dense(chord: str, tmp_path: Path) -> None:
    clicks = save(tmp_path / "c.wav", np.eye(1, 4800, 2400)[0])
    even = play(2.0, lambda _: Hold("x", 60, 1.0, None, Cloud(clicks), CLOUD | {
        "position": 0.45, "spread": 0.0, "size": 0.02, "density": 25.0, "jitter": 0.0}))
    peaks = np.flatnonzero(np.abs(even) > 0.5 * np.abs(even[RATE:]).max())
    starts = peaks[np.diff(peaks, prepend=-(10**6)) > 200]
    assert np.abs(np.diff(starts) - RATE / 25).max() <= 1
    levels = [play(2.0, lambda _, n=n: Hold("x", 60, 1.0, None, Cloud(chord, seed=3), CLOUD | {
        "density": n, "spread": 0.8, "size": 0.1}))[RATE // 2 :].std() for n in (20.0, 80.0, 320.0)]
    assert max(levels) / min(levels) < 1.5


def test_the_same_seed_scatters_the_same_and_another_one_differently(chord: str) -> None:
    one, again, other = (play(0.5, lambda _, n=n: Hold("x", 60, 1.0, None, Cloud(chord, seed=n), CLOUD))
                         for n in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_blocks_of_any_size_give_the_same_files_and_grains_to_the_bit(chord: str) -> None:
    hashes = set()
    for size in (64, 100, 256):
        sound = OfflineSound(speakers=SPEAKER)
        once = note(Recording(chord), 67.3), note(Recording(chord, backwards=True), 55.0)
        sound.control.submit([Sounds("a", once, (
            Hold("x", 61, 0.6, None, Recording(chord, 0, False, None, 0.1, 0.4, 0.05), {"space": 0.0}),
            Hold("y", 63, 0.6, None, Cloud(chord, seed=9), CLOUD | {"density": 100.0})))], 123_456)
        parts = []
        for _ in range(19_200 // size):
            out = np.zeros((size, 1), np.float32)
            render(address(sound.memory), out, 0)
            parts.append(out)
        hashes.add(hashlib.sha256(np.concatenate(parts)[:19_000].tobytes()).hexdigest())
    assert len(hashes) == 1


def hear(sound: OfflineSound, seconds: float, wave: Callable[[int], Wave], hold: Ask, rate: int = RATE) -> Wave:
    """Let a microphone hear hop by hop while a cloud of it sounds."""
    writer, hops = MicWriter(sound.memory, 0, rate), itertools.count(1)
    hop = next(hops)
    for frame in range(round(seconds * 60)):
        while hop * HOP / rate <= frame / 60:
            writer.take(wave(hop), 0)
            hop = next(hops)
        sound.submit([Sounds("a", (), (hold(frame / 60),))], round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    return sound.samples[:, 0]


@pytest.mark.parametrize("rate", [RATE, 44_100])
@pytest.mark.parametrize("pitch", [55.0, 60.0, 72.0, 84.0])
def test_grains_of_what_is_just_heard_do_not_click_whatever_their_speed(pitch: float, rate: int) -> None:
    t = np.arange(8 * RATE)
    heard = (0.3 * np.sin(2 * np.pi * 200 * t / rate)).astype(np.float32)
    sound = OfflineSound(speakers=SPEAKER, mics=("room",))
    wave = hear(sound, 3.0, lambda hop: heard[hop * HOP : (hop + 1) * HOP],
                lambda _: Hold("x", pitch, 1.0, None, Cloud("mic", seed=2), CLOUD | {"position": 1.0, "size": 0.2}),
                rate)
    hz = 200 * 2 ** ((min(pitch, 72.0) - 60) / 12)
    assert level_db(wave[RATE:], hz - 15, hz + 15) == 0.0
    assert jump(wave[RATE:]) < 2e-4


def test_the_oldest_grains_of_a_microphone_are_five_seconds_old_and_a_stopped_one_is_silent() -> None:
    sound = OfflineSound(speakers=SPEAKER, mics=("room",))
    t = np.arange(20 * RATE) / RATE
    heard = np.where(t < 3.0, np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 900 * t)).astype(np.float32) * 0.3
    old = {"position": 0.0, "spread": 0.0}
    wave = hear(sound, 7.0, lambda hop: heard[hop * HOP : (hop + 1) * HOP],
                lambda _: Hold("x", 60, 1.0, None, Cloud("mic"), CLOUD | old))
    assert level_db(wave[6 * RATE :], 290, 310) == 0.0
    assert (sound.memory.mic_state[0, M_WRITTEN], sound.memory.mic_state[0, M_RATE]) > (MIC_RING, RATE - 1)
    MicWriter(sound.memory, 0, RATE)
    before = len(sound.samples)
    for frame in range(420, 450):
        sound.submit([Sounds("a", (), (Hold("x", 60, 1.0, None, Cloud("mic"), CLOUD | old),))], round(frame * NS / 60))
        sound.advance((frame + 1) / 60)
    assert np.abs(sound.samples[before + 4800 :]).max() < 1e-4


def test_a_cloud_of_a_simulated_voice_is_heard() -> None:
    voice = SimulatedVoice(1, RATE)
    sound = OfflineSound(speakers=SPEAKER, mics=("room",))
    wave = hear(sound, 3.0, lambda _: voice.read(HOP), lambda _: Hold("x", 60, 1.0, None, Cloud("mic"), CLOUD | {
        "position": 1.0}))
    assert wave.std() > 1e-3


def test_a_cloud_of_a_microphone_that_is_not_there_is_silence() -> None:
    assert not play(0.3, lambda _: Hold("x", 60, 1.0, None, Cloud("mic:door"), CLOUD)).any()
