"""A simulated room's sound: someone hums, claps and is silent; the same for the same seed, whoever asks when."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS
from engine.sound.block import H_RATE, Memory
from engine.sound.hearing import HOP
from engine.sound.mic import MicLink, MicWriter
from engine.world import Mic

PHRASE_S = 4.0
SCALE = (0, 2, 4, 7, 9, 12)
HUM, CLAPS, REST = range(3)
Wave = NDArray[np.float32]


def phrase(seed: int, number: int, rate: int) -> Wave:
    """Return a phrase of 4 s: a hummed line, claps, or rest. Shape (4 * rate,), float32."""
    rng = np.random.default_rng((seed, number))
    kind = (HUM, CLAPS, HUM, REST)[number % 4]
    wave = np.zeros(round(PHRASE_S * rate))
    if kind == HUM:
        _hum(wave, rng, rate)
    elif kind == CLAPS:
        _clap(wave, rng, rate)
    return (wave + 2e-4 * rng.standard_normal(len(wave))).astype(np.float32)


class SimulatedVoice:
    """Who is heard by a simulated microphone."""

    def __init__(self, seed: int, rate: int) -> None:
        self._seed, self._rate, self._at = seed, rate, 0
        self._phrase = lru_cache(2)(phrase)

    def read(self, frames: int) -> Wave:
        """Return the next frames. Shape (frames,), float32."""
        length, parts = round(PHRASE_S * self._rate), []
        while frames:
            number, begin = divmod(self._at, length)
            part = self._phrase(self._seed, number, self._rate)[begin : begin + frames]
            parts.append(part)
            self._at, frames = self._at + len(part), frames - len(part)
        return np.concatenate(parts)


def _hum(wave: NDArray[np.float64], rng: np.random.Generator, rate: int) -> None:
    """Add a line of four to seven hummed notes, each with its first harmonics and a slow vibrato."""
    onsets_s = np.sort(rng.uniform(0.1, PHRASE_S - 0.8, rng.integers(4, 8)))
    for begin_s, end_s in zip(onsets_s, [*onsets_s[1:], PHRASE_S - 0.3], strict=True):
        t = np.arange(round(max(end_s - begin_s - 0.04, 0.05) * rate)) / rate
        hz = 165.0 * 2 ** (rng.choice(SCALE) / 12) * (1 + 0.004 * np.sin(2 * np.pi * 5 * t))
        phase = 2 * np.pi * np.cumsum(hz) / rate
        tone = sum(np.sin(k * phase) * 0.6**k for k in range(1, 7))
        shape = np.minimum(t / 0.04, 1) * np.minimum((t[-1] - t) / 0.06, 1)
        begin = round(begin_s * rate)
        wave[begin : begin + len(t)] += 0.12 * shape * tone


def _clap(wave: NDArray[np.float64], rng: np.random.Generator, rate: int) -> None:
    """Add eight to twelve claps: short noise that dies away within 30 ms."""
    step_s = rng.uniform(0.3, 0.42)
    for n in range(round(PHRASE_S / step_s) - 1):
        begin = round((0.1 + n * step_s) * rate)
        t = np.arange(min(round(0.15 * rate), len(wave) - begin)) / rate
        wave[begin : begin + len(t)] += 0.4 * rng.standard_normal(len(t)) * np.exp(-t / 0.03)


class InlineMic:
    """A simulated microphone in a room of virtual time.

    Args:
        memory: Of the sound engine.
        index: Which of its microphones.
    """

    lost = ""

    def __init__(self, memory: Memory, index: int, seed: int) -> None:
        self._rate = int(memory.header[H_RATE])
        self._voice = SimulatedVoice(seed, self._rate)
        self._writer, self._link = MicWriter(memory, index, self._rate), MicLink(memory, index)
        self._hops = 0

    def poll(self, now_ns: int) -> Mic:
        """Return what is heard at a time, counted from 0."""
        while (self._hops + 1) * HOP * NS <= now_ns * self._rate:
            self._hops += 1
            self._writer.take(self._voice.read(HOP), round(self._hops * HOP * NS / self._rate))
        return self._link.poll(now_ns)
