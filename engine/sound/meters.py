"""What the sound engine says of itself, read from its memory by whoever has it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.sound import block as b
from engine.sound import ceilings as g
from engine.sound.block import Memory

SILENCE_DB = -120.0
FULL_SCALE_LUFS = -0.691  # BS.1770-4, of a mean square of 1
SHOWN_DB = 0.1  # a guard that takes less is not spoken of
LIMITED_DB = 1.0  # the limiter works now and then in any music
EIGHT_HOURS_S = 28_800
UNCALIBRATED = "uncalibrated"


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud it is for the public, and what the guards take away.

    Attributes:
        calibrated: Whether a technician has measured; without it the levels are None and the output is capped.
        laeq15_db, lceq15_db, laeq8h_db: Equivalent levels of the last 15 min and 8 h at the loudest public place.
        dose: Share of what 8 h allow that is used up, 0..1.
        gain_db, cap_db, limiter_db: Gains of the dose governor, of the cap and of the limiter (its least of late).
    """

    calibrated: bool = False
    laeq15_db: float | None = None
    lceq15_db: float | None = None
    laeq8h_db: float | None = None
    dose: float = 0.0
    gain_db: float = 0.0
    cap_db: float = 0.0
    limiter_db: float = 0.0

    @property
    def acting(self) -> tuple[str, ...]:
        """Return what the guards that act do, in words for the status line."""
        words = []
        if self.gain_db < -SHOWN_DB:
            words.append(f"LOUDNESS {self.gain_db:.1f} dB")
        if self.cap_db < -SHOWN_DB:
            words.append(f"CAPPED {self.cap_db:.1f} dB")
        if self.limiter_db < -LIMITED_DB:
            words.append(f"LIMITER {self.limiter_db:.1f} dB")
        return tuple(words)

    def __str__(self) -> str:
        if not self.calibrated:
            return UNCALIBRATED
        level = "" if self.laeq15_db is None else f"LAeq15 {self.laeq15_db:.0f} dB, "
        return f"{level}dose {100 * self.dose:.0f} %"


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
        true_peak_db: Of each output, in dBTP; falls as the peak does.
        momentary_lufs: Loudness of each output over 400 ms; `momentary_sum_lufs` of all together (BS.1770).
        loudness: For the public's ears.
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
    true_peak_db: tuple[float, ...] = ()
    momentary_lufs: tuple[float, ...] = ()
    momentary_sum_lufs: float = SILENCE_DB
    loudness: Loudness = Loudness()


def read_backend(memory: Memory) -> tuple[str, str]:
    """Return which backend plays, and why it is this one: `Meters.backend` and `Meters.reason` alone."""
    return b.BACKENDS[int(memory.header[b.H_BACKEND])], b.read_text(memory.reason)


def read_meters(memory: Memory) -> Meters:
    """Return the state of the sound engine now."""
    header = memory.header
    meter = memory.meter[: int(header[b.H_OUTPUTS])]
    frame = int(header[b.H_FRAME])
    backend, reason = read_backend(memory)
    return Meters(
        backend=backend, reason=reason,
        realtime=bool(header[b.H_REALTIME]), frame=frame, time_s=frame / int(header[b.H_RATE]),
        peak_db=tuple(_db(float(v)) for v in meter[:, b.O_PEAK]),
        rms_db=tuple(_power_db(float(v)) for v in meter[:, b.O_SQUARE]),
        voices=int(header[b.H_ACTIVE]), callbacks=int(header[b.H_CALLBACKS]), callback_us_p50=_cost_us(memory, 0.5),
        callback_us_p99=_cost_us(memory, 0.99),
        late=int(header[b.H_LATE]), dropped=int(header[b.H_DROPPED]) + int(memory.cursor[:, b.DROPPED].sum()),
        stolen=int(header[b.H_STOLEN]), bad=int(header[b.H_BAD]), underflows=int(header[b.H_UNDERFLOWS]),
        restarts=int(header[b.H_RESTARTS]), losses=int(header[b.H_LOSSES]),
        without_s=round(int(header[b.H_WITHOUT_NS]) / 1e9, 2),
        true_peak_db=tuple(_db(float(v)) for v in meter[:, b.O_TRUE_PEAK]),
        momentary_lufs=tuple(_lufs(float(v)) for v in meter[:, b.O_MOMENTARY]),
        momentary_sum_lufs=_lufs(float(meter[:, b.O_MOMENTARY].sum())),
        loudness=read_loudness(memory))


def read_loudness(memory: Memory) -> Loudness:
    """Return how loud it is for the public."""
    guard = memory.guard
    gain_db, cap_db, limiter_db = (round(_db(float(gain)), 2) for gain in guard[[g.G_GAIN, g.G_CAP_GAIN, g.G_LIMITED]])
    if not guard[g.G_HEARD]:
        return Loudness(cap_db=cap_db, limiter_db=limiter_db)
    return Loudness(
        calibrated=True,
        laeq15_db=_power_db(float(guard[g.G_A15]) / g.SECONDS),
        lceq15_db=_power_db(float(guard[g.G_C15]) / g.SECONDS),
        laeq8h_db=_power_db(float(guard[g.G_A8]) / EIGHT_HOURS_S),
        dose=round(float(guard[g.G_A8] / (guard[g.G_MAX_A8] * EIGHT_HOURS_S)), 4),
        gain_db=gain_db, cap_db=cap_db, limiter_db=limiter_db)


def _db(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 1e-6 else SILENCE_DB


def _power_db(power: float) -> float:
    return 10 * math.log10(power) if power > 1e-12 else SILENCE_DB


def _lufs(square: float) -> float:
    return max(FULL_SCALE_LUFS + _power_db(square), SILENCE_DB)


def _cost_us(memory: Memory, share: float) -> float:
    """Return the upper bound of the histogram's bucket below which that share of the callbacks is."""
    counts = memory.costs.copy()
    total, seen = int(counts.sum()), 0
    for bucket, count in enumerate(counts):
        seen += int(count)
        if total and seen >= share * total:
            return float(2 ** ((bucket + 1) / 4) - 1)
    return 0.0
