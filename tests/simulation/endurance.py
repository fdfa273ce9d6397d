"""A player without an end: at most 8 voices of all kinds at random, on virtual time."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine import Voice
from engine.clock import NS, thread_cpu_ns
from engine.sound.block import H_ACTIVE
from engine.sound.events import Hold, Note, Sounds
from engine.sound.offline import OfflineSound
from engine.sound.presets import VOICES

FPS, MOST = 20, 8
OWN = (
    Voice.partials(*((n, 1 / n, 3 / n) for n in range(1, 17)), release=0.1),
    Voice.fm((1, 1, 1), (2, 2, 0.5), (1, 1.5), (5, 0.7), algorithm=1, feedback=0.8),
    Voice.saw(600, 0.9, unison=7, sweep=3, decay=0.5),
    Voice.pulse(0.1, None), Voice.pulse(0.4, 900, 0.5, filter="band"),
    Voice.noise(300, 1.0), Voice.noise(6000, 0.1, filter="high", decay=0.05), Voice.string(30, damping=0.0, pick=0.5),
)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of it: notes asked for, most voices at once, memory in MB, processor time, loudest sample."""

    notes: int
    voices: int
    resident_mb: float
    cpu_s: float
    peak: float


class Player:
    """Plays at random, and never more than it may."""

    def __init__(self, seed: int) -> None:
        self.sound = OfflineSound()
        self.sound.keep = False
        self._rng = np.random.default_rng(seed)
        self._holds: dict[str, Hold] = {}
        self._frame = self._count = 0

    def minute(self, plays: bool = True) -> Minute:
        """Play a minute, or ask for nothing at all."""
        begin_ns, before = thread_cpu_ns(), self._count
        voices, peak = 0, 0.0
        for _ in range(60 * FPS):
            notes = self._ask() if plays else ()
            holds = tuple(self._holds.values()) if plays else ()
            self.sound.submit([Sounds("a", notes, holds)], round(self._frame * NS / FPS))
            self._frame += 1
            self.sound.advance(self._frame / FPS)
            voices = max(voices, self._voices())
        peak = 10 ** (max(self.sound.control.meters().peak_db) / 20)
        gc.collect()
        return Minute(self._count - before, voices, _resident_mb(), (thread_cpu_ns() - begin_ns) / 1e9, peak)

    def _voices(self) -> int:
        return int(self.sound.memory.header[H_ACTIVE])

    def _ask(self) -> tuple[Note, ...]:
        rng = self._rng
        if self._holds and rng.random() < 0.06:
            del self._holds[str(rng.choice(list(self._holds)))]
        for key, hold in self._holds.items():
            if rng.random() < 0.15:
                self._holds[key] = Hold(key, hold.pitch + rng.normal(), rng.random(), _place(rng), hold.voice)
        if rng.random() > 0.6 or self._voices() >= MOST:
            return ()
        self._count += 1
        kinds = (*VOICES, *OWN)
        voice, pitch = kinds[rng.integers(len(kinds))], float(rng.uniform(12, 132))
        if len(self._holds) < 4 and rng.random() < 0.2:
            key = f"hold {self._count}"
            self._holds[key] = Hold(key, pitch, rng.random(), _place(rng), voice)
            return ()
        release = {"release": float(rng.uniform(0, 1.0))} if rng.random() < 0.5 else {}
        return (Note(pitch, rng.random(), _place(rng), voice, float(rng.exponential(0.5)), controls=release),)


def endure(minutes: int, seed: int) -> list[Minute]:
    """Play so many minutes, then let all end, and return what each minute was.

    Raises:
        AssertionError: A voice sticks, memory grows, a number is bad, or silence costs more than sound.
    """
    player = Player(seed)
    played = [player.minute() for _ in range(minutes)]
    player.minute(plays=False)
    silent = player.minute(plays=False)
    meters = player.sound.control.meters()
    assert (silent.voices, meters.voices, meters.bad, meters.dropped, meters.stolen) == (0, 0, 0, 0, 0)
    assert max(minute.peak for minute in played) < 0.892 and silent.peak < 1e-5
    assert silent.cpu_s < max(minute.cpu_s for minute in played)  # numbers that die away would be many times slower
    settled = played[min(len(played) // 4, 2)]
    assert played[-1].resident_mb - settled.resident_mb < 3.0
    return played


def _place(rng: np.random.Generator) -> tuple[float, float] | None:
    return (float(rng.uniform(-1, 3)), float(rng.uniform(-1, 2))) if rng.random() < 0.8 else None


def _resident_mb() -> float:
    place = Path("/proc/self/statm")
    return int(place.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if place.exists() else 0.0
