"""Clouds of grains: short windowed pieces of a file, or of what a microphone hears, scattered by a seed.

Source: C. Roads, Microsound (2001), asynchronous granular synthesis with a Hann window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int64, njit, uint64

from engine.sound import block as b
from engine.sound.bank import MARGIN
from engine.sound.native import load_acquire, memory_at
from engine.sound.playback import is_there, value_at
from engine.sound.sinc import BEFORE, KERNELS, between, filter_for, octave_for
from engine.sound.waves import HALF, sine

HANN_POWER = 0.375  # of a Hann window
SHORTEST_S, LONGEST_S = 0.002, 2.0
FASTEST = 64.0
FASTEST_LIVE = 2.0  # what is just heard has no copies at lower rates
RING = b.MIC_RING - 1


@njit(nogil=True, error_model="numpy")
def begin_cloud(block: int, v: Any) -> None:
    """Start a cloud with no grain; the first one comes at once."""
    memory = memory_at(block, "take grain move_to")
    memory.take[v, :] = 0.0
    memory.grain[v, :, :] = 0.0
    memory.take[v, b.K_WAY] = -1.0 if memory.move_to[v, b.C_WAY] < 0.0 else 1.0
    is_there(block, v, True)


@njit(nogil=True, error_model="numpy")
def _asked(block: int, v: Any, control: Any, low: Any, high: Any) -> Any:
    """Return one of a cloud's controls; a bad number is the lowest."""
    memory = memory_at(block, "move_to")
    value = memory.move_to[v, control]
    return min(max(value, low), high) if value > low else low


@njit(nogil=True, error_model="numpy")
def chance(seed: Any, count: Any) -> Any:
    """Return the `count`th random number of a seed, -1..1: splitmix64 (Steele, Lea & Flood 2014)."""
    z = uint64(int64(seed)) + (uint64(int64(count)) + uint64(1)) * uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    z = z ^ (z >> uint64(31))
    return float64(int64(z >> uint64(11))) * 2.0**-52 - 1.0


@njit(nogil=True, error_model="numpy")
def add_cloud(block: int, v: Any, offset: Any, ratio: Any) -> Any:
    """Write a quantum of a cloud to `wave[0]` from frame `offset` on; return False if its file is gone.

    Args:
        ratio: Speed of the grains; 1 is as recorded.
    """
    memory = memory_at(block, "wave voice header take grain move_to")
    out, take, rate = memory.wave[0], memory.take[v], float64(memory.header[b.H_RATE])
    for k in range(b.QUANTUM):
        out[k] = 0.0
    live = memory.voice[v, b.V_SAMPLE] >= b.MIC_SOURCE
    if not live and not is_there(block, v, False):
        return False
    seed = memory.move_to[v, b.C_SEED]
    density_hz, jitter = _density_hz(block, v), _asked(block, v, b.C_JITTER, 0.0, 1.0)
    if density_hz > 0.0:
        wait = rate / density_hz
        while take[b.K_DUE] * wait < b.QUANTUM - offset:
            _bear(block, v, offset + int64(take[b.K_DUE] * wait), ratio, live)
            take[b.K_DUE] += max(1.0 + jitter * chance(seed, 3.0 * take[b.K_BORN]), 0.02)
        take[b.K_DUE] -= (b.QUANTUM - offset) / wait
    for g in range(b.GRAINS):
        if memory.grain[v, g, b.G_SIZE] > 0.0:
            if live:
                _sound_live(block, v, g)
            else:
                _sound_file(block, v, g)
    return True


@njit(nogil=True, error_model="numpy")
def _size_s(block: int, v: Any) -> Any:
    return _asked(block, v, b.C_SIZE_S, SHORTEST_S, LONGEST_S)


@njit(nogil=True, error_model="numpy")
def _density_hz(block: int, v: Any) -> Any:
    """Return how many grains a second there is room for."""
    return min(_asked(block, v, b.C_DENSITY_HZ, 0.0, 1000.0), b.GRAINS / _size_s(block, v))


@njit(nogil=True, error_model="numpy")
def _bear(block: int, v: Any, k: Any, ratio: Any, live: Any) -> None:
    """Let a grain begin at frame `k` of the quantum; without room it is left out."""
    memory = memory_at(block, "header take grain move_to")
    born, seed, size_s = memory.take[v, b.K_BORN], memory.move_to[v, b.C_SEED], _size_s(block, v)
    memory.take[v, b.K_BORN] = born + 1.0
    free = 0
    while free < b.GRAINS and memory.grain[v, free, b.G_SIZE] > 0.0:
        free += 1
    if free == b.GRAINS:
        return
    grain = memory.grain[v, free]
    grain[b.G_AGE], grain[b.G_SIZE] = -float64(k), np.floor(size_s * memory.header[b.H_RATE])
    grain[b.G_AMP] = 1.0 / np.sqrt(max(_density_hz(block, v) * size_s * HANN_POWER, 1.0))
    scatter_s = _asked(block, v, b.C_SPREAD_S, 0.0, 3600.0) * chance(seed, 3.0 * born + 1.0)
    bent = ratio * 2.0 ** (_asked(block, v, b.C_DETUNE, 0.0, 48.0) * chance(seed, 3.0 * born + 2.0) / 12.0)
    if live:
        _lay_live(block, v, grain, scatter_s, bent)
    else:
        _lay(block, v, grain, scatter_s, bent)


@njit(nogil=True, error_model="numpy")
def _lay(block: int, v: Any, grain: Any, scatter_s: Any, ratio: Any) -> None:
    """Lay a grain into its file."""
    memory = memory_at(block, "voice sample header take")
    entry = memory.sample[memory.voice[v, b.V_SAMPLE]]
    place = _asked(block, v, b.C_PLACE, 0.0, 1.0) * entry[b.B_LENGTH] + scatter_s * entry[b.B_RATE]
    grain[b.G_POS] = min(max(place, 0.0), float64(entry[b.B_LENGTH]))
    grain[b.G_SPEED] = min(ratio, FASTEST) * memory.take[v, b.K_WAY] * entry[b.B_RATE] / memory.header[b.H_RATE]


@njit(nogil=True, error_model="numpy")
def _lay_live(block: int, v: Any, grain: Any, scatter_s: Any, ratio: Any) -> None:
    """Lay a grain into what a microphone has heard, so that it neither overtakes the sound nor is overtaken by it."""
    memory = memory_at(block, "voice mic_state header take")
    mic = memory.mic_state[_mic(block, v)]
    own, rate = float64(max(mic[b.M_RATE], 1)), memory.header[b.H_RATE]
    speed = min(ratio, FASTEST_LIVE) * memory.take[v, b.K_WAY] * own / rate
    ahead = (speed - own / rate) * grain[b.G_SIZE]  # by how much it nears the newest frame in its life
    newest = float64(load_acquire(mic, b.M_WRITTEN)) - b.MIC_GUARD_S * own
    oldest = newest - b.MIC_RING + 2.0 * b.MIC_GUARD_S * own
    place = oldest + _asked(block, v, b.C_PLACE, 0.0, 1.0) * (newest - oldest) + scatter_s * own
    grain[b.G_POS] = max(min(place, newest - max(ahead, 0.0)), oldest + max(-ahead, 0.0))
    grain[b.G_SPEED] = speed


@njit(nogil=True, error_model="numpy")
def _mic(block: int, v: Any) -> Any:
    memory = memory_at(block, "voice")
    return min(max(memory.voice[v, b.V_SAMPLE] - b.MIC_SOURCE, 0), b.MICS - 1)


@njit(nogil=True, error_model="numpy", inline="always")
def _weight(grain: Any, k: Any) -> Any:
    """Return a grain's amplitude in frame `k` of the quantum: a Hann window over its life."""
    swing = sine(float32((grain[b.G_AGE] + k) / grain[b.G_SIZE]) * HALF)
    return swing * swing * float32(grain[b.G_AMP])


@njit(nogil=True, error_model="numpy")
def _life(grain: Any) -> Any:
    """Return the first frame of the quantum in which a grain sounds, and the one after its last."""
    first = int64(max(-grain[b.G_AGE], 0.0))
    return first, int64(min(grain[b.G_SIZE] - grain[b.G_AGE], float64(b.QUANTUM)))


@njit(nogil=True, error_model="numpy")
def _age(grain: Any) -> None:
    """Grow a grain older by a quantum; one that has lived leaves its place."""
    grain[b.G_AGE] += b.QUANTUM
    if grain[b.G_AGE] >= grain[b.G_SIZE]:
        grain[b.G_SIZE] = 0.0


@njit(nogil=True, error_model="numpy")
def _sound_file(block: int, v: Any, g: Any) -> None:
    """Add a grain of a file to `wave[0]`."""
    memory = memory_at(block, "wave grain voice sample bank part")
    out, grain, entry = memory.wave[0], memory.grain[v, g], memory.sample[memory.voice[v, b.V_SAMPLE]]
    place, frames, scale = entry[b.B_START] + MARGIN, entry[b.B_LENGTH], 1.0
    for _ in range(octave_for(grain[b.G_SPEED])):
        place, frames, scale = place + frames + MARGIN, (frames + 1) // 2, scale * 0.5
    kernel = KERNELS[filter_for(abs(grain[b.G_SPEED]) * scale)]
    first, last = _life(grain)
    for k in range(first, last):
        at = (grain[b.G_POS] + grain[b.G_SPEED] * (grain[b.G_AGE] + k)) * scale
        out[k] += _weight(grain, k) * value_at(memory.bank, place, frames, at, kernel, memory.part)
    _age(grain)


@njit(nogil=True, error_model="numpy")
def _sound_live(block: int, v: Any, g: Any) -> None:
    """Add a grain of what a microphone just heard to `wave[0]`."""
    memory = memory_at(block, "wave grain mic part")
    out, grain = memory.wave[0], memory.grain[v, g]
    wave = memory.mic[_mic(block, v)]
    kernel = KERNELS[filter_for(abs(grain[b.G_SPEED]))]
    first, last = _life(grain)
    for k in range(first, last):
        at = grain[b.G_POS] + grain[b.G_SPEED] * (grain[b.G_AGE] + k)
        low = int64(np.floor(at))
        value = between(wave, (low - BEFORE) & RING, at - low, kernel, memory.part)
        out[k] += _weight(grain, k) * value
    _age(grain)
