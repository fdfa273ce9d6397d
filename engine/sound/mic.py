"""A microphone in the sound block: a few seconds of sound for grains, and what is heard in it. Never stored.

Its process writes, the engine and the sound process read. What is older than the ring is overwritten; when the
microphone stops, all of it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS
from engine.sound import block as b
from engine.sound.block import Memory, read_text, write_text
from engine.sound.hearing import HOP, Hearing
from engine.world import Mic

DEAD_S = 1.0
M_SHUT = 7  # beside the block's own M_: the show wants no microphone now
DEAD = "its process does not answer; it is started again"
STARTING = "its process is starting"


class MicWriter:
    """The writer's half: takes what a microphone gives, hop by hop.

    Args:
        index: Which of the block's microphones.
        rate: Frames a second.
        gain_db: Added to what comes.
    """

    def __init__(self, memory: Memory, index: int, rate: int, gain_db: float = 0.0) -> None:
        self._wave, self._state, self._heard = memory.mic[index], memory.mic_state[index], memory.mic_heard[index]
        self._reason = memory.mic_reason[index]
        self._gain = np.float32(10 ** (gain_db / 20))
        self._rate = rate
        self.clear()

    def clear(self) -> None:
        """Forget all that was heard."""
        self._wave[:] = 0.0
        self._heard[:] = 0.0
        self._state[b.M_IS_LIVE] = self._state[b.M_STANDS_IN] = 0
        self._hearing = Hearing(self._rate)
        self._first = int(self._state[b.M_WRITTEN])

    def take(self, wave: NDArray[np.float32], now_ns: int, stands_in: bool = False) -> None:
        """Write the next hop and what is heard in it.

        Args:
            wave: Shape (HOP,), float32.
            now_ns: When its last frame was heard.
            stands_in: Whether it is a simulated sound in place of a microphone that is gone.
        """
        wave = wave.clip(-1.0, 1.0) * self._gain
        if not math.isfinite(float(wave.sum())):
            wave = np.zeros(HOP, np.float32)
        state, written = self._state, int(self._state[b.M_WRITTEN])
        at = written // HOP * HOP % b.MIC_RING
        self._wave[at : at + HOP] = wave
        if at == 0:
            self._wave[b.MIC_RING :] = wave[: b.MIC_TAIL]
        state[b.M_RATE], state[b.M_WRITTEN] = self._rate, written + HOP
        heard = self._hearing.take(wave)
        row = self._heard
        row[b.N_LEVEL], row[b.N_PITCH_HZ] = heard.level, heard.pitch_hz
        row[b.N_BANDS : b.N_BANDS + b.BANDS] = heard.bands
        if heard.began:
            row[b.N_BEGAN] = heard.began
            frames = written + HOP - self._first - heard.began_at
            state[b.M_BEGAN_NS] = now_ns - round(frames * NS / self._rate)
            state[b.M_BEGINNINGS] += 1
        state[b.M_IS_LIVE], state[b.M_STANDS_IN] = int(not stands_in), int(stands_in)

    @property
    def shut(self) -> bool:
        """Return whether the show wants nothing to be heard now."""
        return bool(self._state[M_SHUT])

    def say(self, reason: str) -> None:
        """Write why nothing is heard, or nothing."""
        write_text(self._reason, reason)

    def beat(self, now_ns: int) -> None:
        """Say that whoever writes is alive."""
        self._state[b.M_BEAT_NS] = now_ns


class MicLink:
    """The engine's half: what is heard, once a frame; nothing here waits.

    Args:
        index: Which of the block's microphones.
    """

    def __init__(self, memory: Memory, index: int) -> None:
        self._state, self._heard, self._reason = (
            memory.mic_state[index], memory.mic_heard[index], memory.mic_reason[index])
        self._beginnings = int(self._state[b.M_BEGINNINGS])
        self._why = STARTING

    def poll(self, now_ns: int) -> Mic:
        """Return what is heard now; silence while the microphone is gone and nothing stands in for it."""
        state = self._state
        beginnings = int(state[b.M_BEGINNINGS])
        began, self._beginnings = beginnings != self._beginnings, beginnings
        self._why = self._why_at(now_ns)
        if not state[b.M_IS_LIVE] and not state[b.M_STANDS_IN]:
            return Mic()
        row = self._heard
        since_s = max((now_ns - int(state[b.M_BEGAN_NS])) / NS, 0.0) if state[b.M_BEGAN_NS] else math.inf
        bands = tuple(row[b.N_BANDS : b.N_BANDS + b.BANDS].tolist())
        return Mic(float(row[b.N_LEVEL]), float(row[b.N_BEGAN]) if began else 0.0, float(row[b.N_PITCH_HZ]), bands,
                   since_s)

    def shut(self, on: bool) -> None:
        """Ask for the microphone to be let go, or taken again; while it is let go, it is not `lost`."""
        self._state[M_SHUT] = int(on)

    @property
    def lost(self) -> str:
        """Return why nothing is heard, or nothing while something is."""
        return "" if self._state[M_SHUT] else self._why

    def _why_at(self, now_ns: int) -> str:
        beat_ns = int(self._state[b.M_BEAT_NS])
        if now_ns - beat_ns > DEAD_S * NS:
            return DEAD if beat_ns else STARTING
        return read_text(self._reason)
