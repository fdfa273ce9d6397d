"""The one exemption from the flash guard: patterns of a calibration, in a room that a person has found empty.

It is given by hand at a terminal on the spot, after a warning, for ten minutes at most. No show file knows of it, and
nothing that a show runs can make one.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.problems import MixeurError

LONGEST_S = 600.0
WORD = "empty"
WARNING = ("WARNING: what follows flashes without a guard, and may harm people with photosensitive epilepsy.\n"
           f"See to it that nobody is in the room and that nobody can come in. It ends by itself after "
           f"{LONGEST_S / 60:.0f} minutes.")


class Exemption:
    """Permission to show pictures past the flash guard until it ends.

    Args:
        from_s: When it begins, on the clock of the frames.
        seconds: How long it lasts; never more than ten minutes.
    """

    def __init__(self, from_s: float, seconds: float = LONGEST_S) -> None:
        self._until_s = from_s + min(max(seconds, 0.0), LONGEST_S)

    def left_s(self, now_s: float) -> float:
        """Return how many seconds are left."""
        return max(self._until_s - now_s, 0.0)

    def end(self) -> None:
        """End it before its time."""
        self._until_s = float("-inf")


def confirmed(ask: Callable[[str], str], by_hand: bool, say: Callable[[str], None], from_s: float,
              seconds: float = LONGEST_S) -> Exemption:
    """Warn, have a person confirm that the room is empty, and return the exemption.

    Args:
        ask: Shows a question and returns what was typed.
        by_hand: Whether a person is at the terminal.
        say: Where the warning goes.
    Raises:
        MixeurError: Nobody is there to confirm, or it was not confirmed.
    """
    if not by_hand:
        raise MixeurError("calibrate: patterns without the flash guard are started by hand, at a terminal on the spot")
    say(WARNING)
    if ask(f"Is the room empty? Type {WORD!r} to go on: ").strip().lower() != WORD:
        raise MixeurError("calibrate: nothing was shown, because it was not confirmed that the room is empty")
    return Exemption(from_s, seconds)
