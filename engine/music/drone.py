"""Drones: slow voices whose lengths have no common measure, so that together they never come back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.music.pitch import MusicError
from engine.music.scale import Scale

GOLDEN = (math.sqrt(5) - 1) / 2
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # their square roots have no common measure
SOUNDING = 0.8  # of a breath; the rest is silence
SWELL_S = 660.0
DRIFT_S = 6200.0
SILENT = 1e-6


@dataclass(frozen=True, slots=True)
class Tone:
    """What one voice of a drone sounds now, for `sound.hold(tone.key, pitch=tone.pitch, level=tone.level)`.

    Attributes:
        key: Names this breath of the voice: the next one begins anew, and the pitch never slides.
        x: Where it is, 0..1 of the stage's width; it wanders.
        bright: 0..1; it wanders.
    """

    key: str
    pitch: float
    level: float
    x: float
    bright: float


class Drone:
    """Voices that breathe: each swells and fades on one pitch of a scale, rests, and takes another.

    Each voice has its own breath, its swell of ten minutes and more, and its drift of hours, all incommensurate
    (square roots of primes, times what the seed gives). All is a function of time: nothing is remembered, the same
    time sounds the same, and it costs the same after a year.

    Args:
        rng: `self.rng`, or a number that repeats the drone.
        scale: The pitches it takes.
        low, high: Lowest and highest, as pitches or names of keys.
        voices: 1 to 12.
        breath_s: Length of the shortest breath.
        level: Of the loudest voice, 0..1.
        key: What the tones' keys begin with, if a scene has two drones.

    Raises:
        MusicError: An argument is out of range.
    """

    def __init__(self, rng: np.random.Generator | int, scale: Scale, low: float | str = "A1", high: float | str = "E5",
                 voices: int = 6, breath_s: float = 17.0, level: float = 0.5, key: str = "drone") -> None:
        if not 1 <= voices <= len(PRIMES) or not breath_s > 0 or not 0 <= level <= 1:
            raise MusicError(f"Drone: {voices} voices, breaths of {breath_s:g} s, level {level:g}; 1 to {len(PRIMES)} "
                             "voices, breaths above 0 s, a level from 0 to 1")
        self._level, self._key = level, key
        bottom, top = scale.degree(low), scale.degree(high)
        if not bottom < top:
            raise MusicError(f"Drone: from {low!r} to {high!r}; low must be below high, by a degree at least")
        self._pitches = tuple(scale[degree] for degree in range(bottom, top + 1))
        chance = np.random.default_rng(rng)
        irrational = np.sqrt(PRIMES[:voices])
        stretch = chance.uniform(0.97, 1.03, (3, voices))
        self._breath_s = (breath_s * (1 + (irrational - math.sqrt(2)) * 0.55) * stretch[0]).tolist()
        self._swell_s = (SWELL_S * irrational * stretch[1]).tolist()
        self._drift_s = (DRIFT_S * irrational * stretch[2]).tolist()
        self._turn = np.mod(irrational, 1.0).tolist()
        self._begin = chance.uniform(0, 1, (4, voices)).tolist()

    def at(self, time_s: float) -> tuple[Tone, ...]:
        """Return what sounds at a time: of all voices those that are not silent."""
        return tuple(tone for voice in range(len(self._breath_s)) if (tone := self._tone(voice, time_s)) is not None)

    def _tone(self, voice: int, time_s: float) -> Tone | None:
        begin, swell, drift, turn = (offsets[voice] for offsets in self._begin)
        breaths = time_s / self._breath_s[voice] + begin
        number = math.floor(breaths)
        open_ = math.sin(math.pi * min((breaths - number) / SOUNDING, 1.0))
        if open_ < SILENT:
            return None
        slow = math.sin(math.tau * (time_s / self._swell_s[voice] + swell))
        began_s = (number - begin) * self._breath_s[voice]  # a pitch stays for its breath
        far = math.sin(math.tau * (began_s / self._drift_s[voice] + drift))
        share = (number * self._turn[voice] + turn) % 1.0
        force = 0.45 + 0.55 * ((number * GOLDEN + turn) % 1.0)
        level = self._level * math.sqrt(open_ * force * (0.55 + 0.45 * slow))
        x = 0.5 + 0.5 * math.sin(math.tau * (breaths * GOLDEN / 3 + turn))
        return Tone(f"{self._key} {voice}.{number % 2}", self._pitch(voice, share, far), level, x,
                    0.45 + 0.25 * slow + 0.15 * far)

    def _pitch(self, voice: int, share: float, far: float) -> float:
        """Return a pitch in the voice's own region, which moves up and down with the hours."""
        centre = (voice + 0.5) / len(self._breath_s) + 0.2 * far
        place = min(max(centre + (share - 0.5) * 0.6, 0.0), 1.0)
        return self._pitches[round(place * (len(self._pitches) - 1))]
