"""The speakers of a show as data, and the room that sounds ring in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from engine.show import forms
from engine.show.schema import form, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One band of a speaker's equaliser: `{ hz = 120, gain_db = -4, q = 1.0 }`."""

    hz: float = field(metadata=limits(10, 96_000, "Hz"))
    gain_db: float = field(metadata=limits(-36, 12, "dB"))
    q: float = field(default=0.7, metadata=limits(0.1, 30))
    kind: Literal["peak", "low_shelf", "high_shelf"] = "peak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """`[speaker] NAME = {...}`: one output channel (counted from 1) and its place in metres.

    Attributes:
        highpass_hz, lowpass_hz: Crossovers of 24 dB an octave (Linkwitz-Riley): at one frequency they add up flat.
    """

    name: str = field(metadata={"hidden": True})
    output: int = field(metadata=limits(1, 64))
    at_m: tuple[float, float] = field(default=(0.0, 0.0), metadata=limits(-1000, 1000, "m"))
    trim_db: float = field(default=0.0, metadata=limits(-60, 12, "dB"))
    delay_ms: float = field(default=0.0, metadata=limits(0, 300, "ms"))
    highpass_hz: float | None = field(default=None, metadata=limits(10, 20_000, "Hz"))
    lowpass_hz: float | None = field(default=None, metadata=limits(10, 20_000, "Hz"))
    eq: tuple[Band, ...] = field(default=(), metadata=form(forms.bands))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverb:
    """`[reverb]`: the room that voices share by their `space`.

    Attributes:
        decay_s: In which a sound of 500 Hz falls by 60 dB.
        damping: How much sooner 8 kHz has fallen: 0 at the same time, 0.7 in three tenths of it.
        size: From a small room (0.3) to a hall (1) and beyond.
        response: A measured room's impulse response, in place of decay, damping and size; a channel for each speaker.
    """

    decay_s: float = field(default=2.6, metadata=limits(0.2, 30, "s"))
    damping: float = field(default=0.7, metadata=limits(0, 0.95))
    size: float = field(default=1.0, metadata=limits(0.2, 2))
    predelay_ms: float = field(default=0.0, metadata=limits(0, 300, "ms"))
    level_db: float = field(default=0.0, metadata=limits(-60, 12, "dB"))
    response: Path | None = None
