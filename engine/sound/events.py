"""What scenes ask of the sound engine in one frame: notes ring by themselves, holds live while they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.sound.recording import Cloud, Recording
from engine.sound.voice import Voice

Point = tuple[float, float]
Instrument = str | Voice | Recording | Cloud
EMPTY: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Note:
    """A sound that ends by itself.

    Attributes:
        pitch: MIDI note number, may be fractional (69 = 440 Hz).
        level: 0..1.
        at: Place in stage units, or None for everywhere.
        voice: Name of an instrument, or one of the scene's own, or a sound file.
        length_s: Seconds until its release begins.
        delay_s: Seconds after the frame's time at which it begins.
        on_beat: Whether that is to the sample, as seen from other beats.
    """

    pitch: float = 60.0
    level: float = 0.5
    at: Point | None = None
    voice: Instrument = "warm"
    length_s: float = 0.5
    delay_s: float = 0.0
    controls: Mapping[str, float] = field(default_factory=dict)
    on_beat: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A sound that lasts while it is asked for in every frame; `key` names it within its scene.

    Attributes:
        level_from, pitch_from: Names of what it follows without waiting for a frame; see `SoundControl.tell`.
    """

    key: str
    pitch: float = 60.0
    level: float = 0.5
    at: Point | None = None
    voice: Instrument = "warm"
    controls: Mapping[str, float] = field(default_factory=dict)
    level_from: str = ""
    pitch_from: str = ""


@dataclass(frozen=True, slots=True)
class Sounds:
    """One scene's sound in one frame.

    Attributes:
        owner: Unique key of the scene's instance; holds of two instances never mix.
        gain: Strength of the scene in a cross-fade, 0..1.
        stop: True releases everything the owner still sounds.
    """

    owner: str
    notes: tuple[Note, ...] = ()
    holds: tuple[Hold, ...] = ()
    gain: float = 1.0
    stop: bool = False
