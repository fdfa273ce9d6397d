"""The figure of OSC to sound reads moments off samples: to the quantum for a level, to the sample for a note."""

import numpy as np

from engine.bench.osc_sound import BLOCK, GLIDE_S, RATE, delays_ms, flips, onsets
from engine.clock import NS
from engine.sound.block import QUANTUM

BLOCKS = 200
DUE_NS = np.arange(BLOCKS) * (BLOCK * NS // RATE) + NS


def test_a_tone_whose_level_turns_before_it_is_settled_shows_in_which_quantum() -> None:
    near = 1 - np.exp(-QUANTUM / (RATE * GLIDE_S))
    turns, aim, level, wave = [40, 60, 75, 300], 0.0, 0.0, []
    for quantum in range(BLOCKS * BLOCK // QUANTUM):
        aim = 1.0 - aim if quantum in turns else aim
        next_level = level + (aim - level) * near
        ramp = np.linspace(level**2, next_level**2, QUANTUM, endpoint=False)
        wave.append(0.3 * ramp * np.sin(2 * np.pi * np.arange(QUANTUM) / QUANTUM + 0.7))
        level = next_level
    found = flips(np.concatenate(wave).reshape(BLOCKS, BLOCK).astype(np.float32), DUE_NS)
    assert np.allclose((found - NS) / NS * RATE / QUANTUM, turns, atol=0.01)


def test_notes_are_found_to_the_sample() -> None:
    begins, wave = [1000, 2000, 30_001], np.zeros(BLOCKS * BLOCK, np.float32)
    for begin in begins:
        wave[begin : begin + 300] = 0.5 * np.cos(np.arange(300) * 0.2) * np.exp(-np.arange(300) / 40)
    found = onsets(wave.reshape(BLOCKS, BLOCK), DUE_NS)
    assert np.allclose((found - NS) / NS * RATE, begins, atol=1.0)


def test_a_packet_that_changed_nothing_takes_no_other_ones_delay() -> None:
    arrived = np.array([0, 20, 40]) * 1_000_000
    assert delays_ms(arrived, np.array([5, 26]) * 1_000_000).tolist() == [5.0, 6.0]
    assert delays_ms(arrived, np.array([5, 240]) * 1_000_000).tolist() == [5.0]
