"""The ears' guards in words: a line for the operator when one begins to act, and when it has done."""

from __future__ import annotations

from collections.abc import Callable

from engine.clock import NS
from engine.sound.meters import Loudness, Meters

AGAIN_S = 60.0  # one that comes and goes must not fill the log


class Ears:
    """Watches the sound's guards.

    Args:
        say: Where a line for the operator goes.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._bad = 0
        self._spoken_ns: dict[str, int] = {}
        self._acts: set[str] = set()

    def look(self, meters: Meters, now_ns: int) -> None:
        """Take how the sound is now; to be called about once a second."""
        if meters.bad > self._bad:
            voices = f"{meters.bad - self._bad} voice" + "s" * (meters.bad - self._bad > 1)
            self._speak("bad", f"{voices} silenced: gave what is no number, or is beyond all bounds", now_ns)
            self._bad = meters.bad
        loudness = meters.loudness
        self._follow("governor", loudness.gain_db < -1.0, _why(loudness), now_ns)
        self._follow("cap", loudness.cap_db < -3.0, "the cap of an uncalibrated room holds the level down", now_ns)

    def _follow(self, guard: str, acts: bool, words: str, now_ns: int) -> None:
        if acts and guard not in self._acts and self._speak(guard, words, now_ns):
            self._acts.add(guard)
        elif not acts and guard in self._acts:
            self._acts.discard(guard)

    def _speak(self, about: str, words: str, now_ns: int) -> bool:
        if now_ns - self._spoken_ns.get(about, now_ns - round(2 * AGAIN_S * NS)) < AGAIN_S * NS:
            return False
        self._spoken_ns[about] = now_ns
        self._say(f"sound: {words}")
        return True


def _why(loudness: Loudness) -> str:
    if loudness.laeq15_db is None or loudness.lceq15_db is None:
        return ""
    return (f"the loudness guard takes the level down: LAeq15 {loudness.laeq15_db:.1f} dB(A), "
            f"LCeq15 {loudness.lceq15_db:.1f} dB(C), {100 * loudness.dose:.0f} % of the 8 h dose")
