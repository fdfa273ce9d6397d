"""The kernels as plain functions: pitch, place, pace of blocks, no clicks, no peak above -1 dBFS, no bad number."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.show import model
from engine.sound.block import (
    BANK,
    H_LIVE,
    H_PANIC,
    H_RUNNING,
    MAX_VOICES,
    OFFSETS,
    OP_HOLD,
    OP_NOTE,
    OP_RELEASE,
    PENDING,
    RECORD,
    RING,
    SIZE,
    Memory,
    address,
    open_memory,
)
from engine.sound.instruments import Instruments
from engine.sound.meters import read_meters
from engine.sound.mixer import render
from engine.sound.presets import VOICES
from engine.sound.ring import push
from engine.sound.voice import Voice
from engine.supervise.memory import Block

RATE = 48_000
CEILING = 0.8913  # -1 dBFS
QUIET_ROOM = model.Sound(pink_spl_db=40)  # nothing that can sound there comes near the ceilings of loudness


class Engine:
    """The kernels on memory of their own, fed with records."""

    def __init__(self, outputs: int = 2, sound: model.Sound = QUIET_ROOM) -> None:
        speakers = [model.Speaker(name=str(i), output=i + 1) for i in range(outputs)]
        self.memory: Memory = open_memory(Block.private(SIZE), sound, speakers)
        self.instruments = Instruments(self.memory)
        self.memory.header[H_RUNNING] = 1
        self.memory.owner[:] = 1.0
        for i in range(outputs):
            self.memory.speaker[i, 0] = 4.0 * i
        self.outputs = outputs

    def send(self, op: int = OP_NOTE, when: int = 1, key: int = 0, voice: str | Voice = "sine", pitch: float = 69.0,
             level: float = 0.5, at: tuple[float, float] = (math.nan, math.nan), length: float = 0.5,
             space: float = 0.0, producer: int = 0) -> bool:
        record = np.zeros(RECORD, np.int64)
        record[:6] = when, op, key, 0, self.instruments.find(voice), 0
        record.view(np.float64)[6:16] = pitch, level, *at, length, space, 0.5, math.nan, math.nan, 0.0
        record.view(np.float64)[16:] = math.nan
        return bool(push(address(self.memory), producer, record))

    def run(self, frames: int, block: int = 256, now_ns: int = 0) -> NDArray[np.float32]:
        parts = []
        while frames > 0:
            out = np.zeros((min(block, frames), self.outputs), np.float32)
            render(address(self.memory), out, now_ns)
            parts.append(out)
            frames -= block
        return np.concatenate(parts)


def jump(wave: NDArray[np.float32]) -> float:
    """Return the largest jump that low tones cannot explain: a sixth difference, over the gain it has for a step."""
    return float(np.abs(np.diff(wave.astype(np.float64), 6, axis=0)).max()) / 10


def spectrum_hz(wave: NDArray[np.float32], n: int = 1) -> list[float]:
    """Return the frequencies of the strongest partials, lowest first."""
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 4 * len(wave)))
    peaks = [i for i in range(2, len(power) - 2) if power[i] > power[i - 1] and power[i] >= power[i + 1]]
    best = sorted(peaks, key=lambda i: -power[i])[:n]
    return sorted(i * RATE / (4 * len(wave)) for i in best)


@pytest.mark.parametrize("pitch", [33.0, 69.0, 72.5, 105.0])
def test_a_note_has_the_pitch_that_was_asked_for(pitch: float) -> None:
    engine = Engine()
    engine.send(pitch=pitch, length=2.0)
    wave = engine.run(RATE)[RATE // 4 :, 0]
    assert spectrum_hz(wave)[0] == pytest.approx(440 * 2 ** ((pitch - 69) / 12), abs=0.6)


def test_fm_puts_sidebands_at_the_modulators_distance() -> None:
    engine = Engine()
    engine.send(voice="wood", pitch=69, length=1.0)
    partials = spectrum_hz(engine.run(1400)[200:, 0], 12)
    for wanted in (440.0, 440 * (3.92 - 1), 440 * (3.92 + 1)):
        assert min(abs(hz - wanted) for hz in partials) < 40


@pytest.mark.parametrize("voice", VOICES)
def test_no_voice_folds_back_or_clicks(voice: str) -> None:
    engine = Engine()
    engine.send(OP_HOLD, 100, 1, voice, 45.0, 0.7)
    engine.send(OP_RELEASE, 20_000, 1)
    wave, has_noise = engine.run(80_000), voice in ("string", "breath")
    is_broad = has_noise or voice in ("fm", "brass", "deep", "wood")
    assert np.abs(wave).max() > 0.01
    assert jump(wave) < 1e-3 or has_noise
    assert np.abs(wave[-600:]).max() < 1e-4 or voice in ("warm", "bell", "glass", "deep", "pad")
    high = Engine()
    high.send(OP_HOLD, 1, 1, voice, 126.0, 0.7)
    power = np.abs(np.fft.rfft(high.run(RATE)[RATE // 2 :, 0]))
    hz = np.fft.rfftfreq(RATE // 2, 1 / RATE)
    low = 440 * 2 ** ((126 - 69) / 12) * 0.45
    assert power[hz < low].max(initial=0) <= 2e-3 * max(power.max(), 1e-6) or is_broad


def test_blocks_of_any_size_give_the_same_sound_to_the_bit() -> None:
    waves = []
    for block in (64, 100, 128, 256, 1024):
        engine = Engine()
        every = (*VOICES, Voice.pulse(0.3, 800), Voice.noise(500, 0.9), Voice.fm((1, 1), (2, 1), feedback=0.7))
        for i, voice in enumerate(itertools.islice(itertools.cycle(every), 32)):
            engine.send(OP_NOTE, 1 + 777 * i, 0, voice, 48 + i, 0.4, (0.1 * i, 0.3), 0.05 + 0.01 * i, 0.3)
        waves.append(engine.run(40_000, block))
    for wave in waves[1:]:
        assert np.array_equal(wave, waves[0])


def test_a_note_begins_at_its_very_frame() -> None:
    for when in (1000, 1001, 1037, 1087):
        engine = Engine()
        engine.run(256)
        engine.send(when=when, voice="wood", pitch=90)
        heard = np.flatnonzero(np.abs(engine.run(4096)[:, 0]) > 0)[0] + 256 - 64  # the limiter looks 64 frames ahead
        assert 0 <= heard - when <= 3


def test_a_source_at_a_speaker_sounds_there_and_power_is_kept_everywhere() -> None:
    powers = []
    for x in (0.0, 4.0, 9.0, 12.0):
        engine = Engine(4)
        engine.send(at=(x, 0.0), length=9, pitch=60)
        power = (engine.run(RATE)[RATE // 2 :] ** 2).mean(axis=0)
        powers.append(power.sum())
        assert power.argmax() == min(round(x / 4), 3)
        if x in (0.0, 4.0, 12.0):
            assert power.max() > 0.8 * power.sum()
    assert max(powers) / min(powers) < 1.02


def test_nothing_is_ever_louder_than_minus_1_db_and_loud_is_not_distorted_into_clicks() -> None:
    engine = Engine()
    for i in range(200):
        engine.send(OP_HOLD, 1, i, "organ", 24 + i % 30, 1.0)  # full scale, sub-bass too
    wave = engine.run(RATE)
    assert 0.7 < np.abs(wave).max() <= CEILING


@pytest.mark.parametrize("field", ["pitch", "level", "space", "length"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_bad_number_silences_its_voice_and_no_other(field: str, value: float) -> None:
    engine = Engine()
    engine.send(OP_HOLD, 1, 1, pitch=69)
    engine.send(OP_HOLD if field != "length" else OP_NOTE, 2, 2, "pluck", **{field: value})
    wave = engine.run(RATE)
    assert np.isfinite(wave).all() and np.abs(wave).max() <= CEILING
    assert spectrum_hz(wave[RATE // 2 :, 0])[0] == pytest.approx(440, abs=1)


def test_a_voice_with_a_bad_number_is_counted() -> None:
    engine = Engine()
    engine.send(OP_HOLD, 1, 1, level=math.nan)
    engine.run(1024)
    meters = read_meters(engine.memory)
    assert (meters.bad, meters.voices) == (1, 0)


def test_records_of_pure_noise_do_not_break_the_engine() -> None:
    engine = Engine()
    rng = np.random.default_rng(5)
    for _ in range(600):
        record = rng.integers(-(2**62), 2**62, RECORD)
        record[0], record[1] = rng.integers(0, 4000), rng.integers(0, 9)
        push(address(engine.memory), 0, record)
        wave = engine.run(64)
        assert np.isfinite(wave).all() and np.abs(wave).max() <= CEILING
    engine.memory.header[H_PANIC] += 1
    engine.run(RATE)
    engine.memory.owner[:] = 1.0
    engine.send(OP_HOLD, 0, 7)
    assert spectrum_hz(engine.run(RATE)[RATE // 2 :, 0])[0] == pytest.approx(440, abs=1)


def test_a_full_ring_drops_and_counts_and_never_blocks() -> None:
    engine = Engine()
    sent = [engine.send() for _ in range(RING + 50)]
    assert sent.count(False) == 50
    assert read_meters(engine.memory).dropped == 50
    engine.run(64)
    assert engine.send()


def test_more_than_is_kept_for_later_is_dropped_and_counted() -> None:
    engine = Engine()
    for _ in range(5):
        for _ in range(RING):
            engine.send(when=10**9)
        engine.run(64)
    assert read_meters(engine.memory).dropped == 5 * RING - PENDING


def test_voices_beyond_the_limit_steal_the_quietest_without_a_click() -> None:
    engine = Engine()
    for i in range(MAX_VOICES):
        engine.send(OP_HOLD, 1, i, "sine", 40 + i % 20, 0.1 if i != 17 else 0.05)
    engine.run(8192)
    loud = engine.run(8192)
    engine.send(OP_HOLD, 0, 999, "sine", 52, 0.3)
    wave = engine.run(8192)
    meters = read_meters(engine.memory)
    assert (meters.voices, meters.stolen) == (MAX_VOICES, 1)
    assert 17 not in engine.memory.voice[engine.memory.voice[:, 0] == 1, 1]
    assert jump(np.concatenate([loud, wave])) < 1e-3


def test_the_rings_of_several_producers_are_all_heard() -> None:
    engine = Engine()
    for producer in range(4):
        engine.send(producer=producer, pitch=60 + 5 * producer)
    engine.run(64)
    assert read_meters(engine.memory).voices == 4


def test_sound_fades_when_control_stops_and_comes_back_without_a_click() -> None:
    engine = Engine()
    engine.memory.header[H_LIVE] = 1
    engine.send(OP_HOLD, 1, 1, "sine", 45, 0.6)
    parts = [engine.run(RATE // 4, now_ns=0)]
    parts += [engine.run(RATE // 10, now_ns=2_000_000_000) for _ in range(22)]
    assert np.abs(parts[-1]).max() == 0.0
    assert np.abs(parts[6]).max() > 0.02  # it takes 2 s
    parts += [engine.run(RATE // 2, now_ns=0)]
    assert np.abs(parts[-1]).max() > 0.05
    assert jump(np.concatenate(parts)[2000:]) < 1e-3


def test_the_block_lies_as_it_says() -> None:
    assert OFFSETS["pending_f"] == OFFSETS["pending"] and OFFSETS["voice_f"] != OFFSETS["voice"]
    assert OFFSETS["bank"] + 4 * BANK == SIZE
