"""What the sound engine says of itself, read from its memory by whoever has it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.sound import block as b
from engine.sound.block import Memory

SILENCE_DB = -120.0


@dataclass(frozen=True, slots=True)
class Meters:
    """The sound engine's state.

    Attributes:
        backend: `portaudio`, `null`, `offline`, or `none` while no sound process runs.
        reason: Why it is this backend, with the remedy; empty when all is well.
        realtime: Whether the audio thread got realtime priority.
        frame: Frames rendered so far.
        peak_db, rms_db: Of each output, in dBFS; the peak falls slowly.
        voices: How many sound.
        callback_us_p50, callback_us_p99: What half, and 99 of 100, of the recent callbacks stayed under.
        late, dropped, stolen, bad: Events after their frame; events or voices lost for want of room; voices stolen;
            voices silenced for a bad number.
        underflows, restarts: Breaks reported by the device; starts of the sound process after the first.
        losses, without_s: How often the device was lost while it played; seconds without one.
    """

    backend: str
    reason: str
    realtime: bool
    frame: int
    time_s: float
    peak_db: tuple[float, ...]
    rms_db: tuple[float, ...]
    voices: int
    callbacks: int
    callback_us_p50: float
    callback_us_p99: float
    late: int
    dropped: int
    stolen: int
    bad: int
    underflows: int
    restarts: int
    losses: int
    without_s: float


def read_backend(memory: Memory) -> tuple[str, str]:
    """Return which backend plays, and why it is this one: `Meters.backend` and `Meters.reason` alone."""
    return b.BACKENDS[int(memory.header[b.H_BACKEND])], b.read_text(memory.reason)


def read_meters(memory: Memory) -> Meters:
    """Return the state of the sound engine now."""
    header = memory.header
    outputs = int(header[b.H_OUTPUTS])
    frame = int(header[b.H_FRAME])
    backend, reason = read_backend(memory)
    return Meters(
        backend=backend, reason=reason,
        realtime=bool(header[b.H_REALTIME]), frame=frame, time_s=frame / int(header[b.H_RATE]),
        peak_db=tuple(_db(float(v)) for v in memory.meter[:outputs, 0]),
        rms_db=tuple(_db(math.sqrt(max(float(v), 0.0))) for v in memory.meter[:outputs, 1]),
        voices=int(header[b.H_ACTIVE]), callbacks=int(header[b.H_CALLBACKS]), callback_us_p50=_cost_us(memory, 0.5),
        callback_us_p99=_cost_us(memory, 0.99),
        late=int(header[b.H_LATE]), dropped=int(header[b.H_DROPPED]) + int(memory.cursor[:, b.DROPPED].sum()),
        stolen=int(header[b.H_STOLEN]), bad=int(header[b.H_BAD]), underflows=int(header[b.H_UNDERFLOWS]),
        restarts=int(header[b.H_RESTARTS]), losses=int(header[b.H_LOSSES]),
        without_s=round(int(header[b.H_WITHOUT_NS]) / 1e9, 2))


def _db(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 1e-6 else SILENCE_DB


def _cost_us(memory: Memory, share: float) -> float:
    """Return the upper bound of the histogram's bucket below which that share of the callbacks is."""
    counts = memory.costs.copy()
    total, seen = int(counts.sum()), 0
    for bucket, count in enumerate(counts):
        seen += int(count)
        if total and seen >= share * total:
            return float(2 ** ((bucket + 1) / 4) - 1)
    return 0.0
