"""A device with a rate of its own: the same pitch, the same time, nothing beside the tone."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.show import model
from engine.sound.block import A_DEVICE, H_BLOCK, H_FRAME, H_RUNNING, SIZE, Memory, address, open_memory
from engine.sound.control import SoundControl
from engine.sound.events import Hold, Sounds
from engine.sound.mixer import serve
from engine.sound.rate import meet_rate
from engine.sound.timing import OfflineTiming
from engine.supervise.memory import Block

RATES = [44_100, 96_000]


def toned(pitch: float, rate: int, block: int = 256) -> Memory:
    """Return a memory that holds a sine for a device of a rate."""
    pair = {"left": model.Speaker(name="left", output=1), "right": model.Speaker(name="right", output=2)}
    shared = Block.private(SIZE)
    memory = open_memory(shared, model.Sound(), pair.values())
    memory.header[H_RUNNING] = 1
    meet_rate(memory, rate, block)
    control = SoundControl(shared, model.Sound(), pair, model.Stage(), timing=OfflineTiming(48_000))
    control.submit([Sounds("test", (), (Hold("tone", pitch, 0.7, voice="sine", controls={"space": 0}),))], 0)
    return memory


def played(memory: Memory, frames: int, block: int = 256) -> NDArray[np.float32]:
    parts = []
    while sum(map(len, parts)) < frames:
        out = np.zeros((block, 2), np.float32)
        serve(address(memory), out)
        parts.append(out)
    return np.concatenate(parts)[:frames]


@pytest.mark.parametrize(("rate", "hz"), [(44_100, 440.0), (44_100, 7040.0), (96_000, 7040.0), (32_000, 7040.0)])
def test_a_tone_has_its_pitch_and_nothing_beside_it_at_any_rate(rate: int, hz: float) -> None:
    memory = toned(69 + 12 * math.log2(hz / 440), rate)
    wave = played(memory, 2 * rate)[rate:, 0]
    spectrum = np.abs(np.fft.rfft(wave * np.kaiser(rate, 20)))
    tone = round(hz)
    assert spectrum.argmax() == tone
    spectrum[tone - 12 : tone + 13] = 0
    assert 20 * np.log10(spectrum[20:].max() / np.abs(np.fft.rfft(wave * np.kaiser(rate, 20))).max()) < -80


@pytest.mark.parametrize("rate", RATES)
def test_time_passes_as_fast_at_any_rate(rate: int) -> None:
    memory = toned(69, rate)
    played(memory, 2 * rate)
    assert int(memory.header[H_FRAME]) == pytest.approx(2 * 48_000, abs=512)
    assert int(memory.header[H_BLOCK]) == math.ceil(256 * 48_000 / rate)


def test_the_size_of_a_block_changes_no_sample_at_another_rate() -> None:
    waves = [played(toned(69, 44_100, block), 20_000, block) for block in (64, 256, 1000)]
    assert np.array_equal(waves[0], waves[1]) and np.array_equal(waves[0], waves[2])


def test_at_the_engines_own_rate_nothing_stands_between() -> None:
    memory = toned(69, 44_100)
    meet_rate(memory, 48_000, 256)
    assert memory.resampler[A_DEVICE] == 0
    assert np.abs(played(memory, 4800)).max() > 0


def test_a_device_that_is_far_too_slow_is_refused() -> None:
    with pytest.raises(ValueError, match="4000 Hz is too low"):
        meet_rate(toned(69, 44_100), 4000, 256)
