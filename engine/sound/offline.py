"""Sound without a device or a clock: the same engine, rendered as far as it is asked to, equal to the bit each time.

A file has no room: what is uncalibrated is not capped here, and the dose governor acts only in a calibrated room.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.problems import Problem
from engine.show import model
from engine.sound.block import (
    H_BACKEND,
    H_FRAME,
    H_LIVE,
    H_OUTPUTS,
    H_RATE,
    H_RUNNING,
    QUANTUM,
    SIZE,
    address,
    open_memory,
)
from engine.sound.ceilings import G_CAP
from engine.sound.control import DEFAULT_ROOM, SoundControl
from engine.sound.events import Sounds
from engine.sound.mixer import render
from engine.sound.timing import OfflineTiming
from engine.supervise.memory import Block

OFFLINE = 3


class OfflineSound:
    """Speakers of a virtual room: what they would play is kept.

    Args:
        sound, speakers, stage, report, mics, reverb: As for `SoundControl`, which it wraps.

    Attributes:
        memory: Of the sound engine, for microphones that hear in the virtual room.
        keep: False lets go of what was rendered, for runs of hours.
    """

    def __init__(self, sound: model.Sound | None = None, speakers: Mapping[str, model.Speaker] | None = None,
                 stage: model.Stage | None = None, report: Callable[[Problem], None] | None = None,
                 mics: Sequence[str] = (), reverb: model.Reverb = DEFAULT_ROOM) -> None:
        block, sound, stage = Block.private(SIZE), sound or model.Sound(), stage or model.Stage()
        self.memory = self._memory = open_memory(block, sound, (speakers or {}).values())
        header = self._memory.header
        header[H_BACKEND], header[H_RUNNING], header[H_LIVE] = OFFLINE, 1, 0
        self._memory.guard[G_CAP] = 0.0
        self.rate = int(header[H_RATE])
        self.control = SoundControl(block, sound, speakers or {}, stage, timing=OfflineTiming(self.rate), report=report,
                                    samples_at_once=True, mics=mics, reverb=reverb)
        self.keep = True
        self._blocks: list[NDArray[np.float32]] = []
        self._frames = self._wanted = 0
        header[H_FRAME] = -QUANTUM  # the limiter looks one quantum ahead: its first, empty one is let go
        self._render(QUANTUM)

    def submit(self, sounds: Sequence[Sounds], time_ns: int) -> None:
        """Play what the scenes ask for in the frame at `time_ns`, counted from 0."""
        self.control.submit(sounds, time_ns)

    def advance(self, until_s: float) -> None:
        """Render up to a time, in whole quanta: what is submitted for that time or a later one is never late."""
        self._wanted = max(round(until_s * self.rate), self._wanted)
        self._render_to(self._wanted // QUANTUM * QUANTUM)

    def _render_to(self, frame: int) -> None:
        if frame > self._frames:
            rendered = self._render(frame - self._frames)
            self._frames = frame
            if self.keep:
                self._blocks.append(rendered)

    def _render(self, frames: int) -> NDArray[np.float32]:
        out = np.zeros((frames, int(self._memory.header[H_OUTPUTS])), np.float32)
        render(address(self._memory), out, 0)
        return out

    @property
    def samples(self) -> NDArray[np.float32]:
        """Return all up to the time advanced to. Shape (frames, outputs), float32."""
        self._render_to(-(-self._wanted // QUANTUM) * QUANTUM)
        empty = np.zeros((0, int(self._memory.header[H_OUTPUTS])), np.float32)
        self._blocks = [np.concatenate([empty, *self._blocks])]
        return self._blocks[0][: self._wanted]

    def sha256(self) -> str:
        """Return the hash of the samples as little-endian float32."""
        return hashlib.sha256(self.samples.astype("<f4").tobytes()).hexdigest()

    def write_wav(self, path: Path) -> None:
        """Write the samples as 24-bit WAV."""
        import soundfile

        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            soundfile.write(file, self.samples, self.rate, subtype="PCM_24", format="WAV")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
