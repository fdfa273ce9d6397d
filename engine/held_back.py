"""What the flash guards hold back, and whose it is: for the status line, the report, and a line to the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.safety.flash_guard import Verdict

QUIET_S = 60.0  # between two lines on the same scene
TOLD_SHARE = 0.001  # of a picture or of all lamps' slots that is held, from which it is told
LAMPS = "lamps"


@dataclass(slots=True)
class _Tally:
    seconds: float = 0.0
    most: float = 0.0


class HeldBack:
    """The ledger of all flash guards of a show.

    Args:
        flashes: Most flashes in a second that are let through.
        scenes: Returns the names of the scenes in the picture.
        say: Where a line for the operator goes.
    """

    def __init__(self, flashes: int, scenes: Callable[[], Sequence[str]], say: Callable[[str], None]) -> None:
        self._flashes, self._scenes, self._say = flashes, scenes, say
        self._words: dict[str, str] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._since: dict[str, float] = {}

    @property
    def words(self) -> tuple[str, ...]:
        """Return what is held back now and whose it is, or nothing."""
        return tuple(word for word in self._words.values() if word)

    def pictures(self, verdicts: Mapping[str, Verdict], time_s: float) -> None:
        """Take what the guards of projectors did to the frame that is due at `time_s`."""
        whose = self._whose()
        held = {name: verdict.held for name, verdict in verdicts.items()}
        self._note(whose, "pictures", max(held.values(), default=0.0), time_s, "")
        for name, share in held.items():
            if share >= TOLD_SHARE:
                self._say_once((whose, "flashes"), f"{whose}: flashes more than {self._flashes} times in a second or "
                               f"too long, and is held back ({name}, {share:.1%} of the picture); slow it down or "
                               "soften it", time_s)  # fmt: skip
        for name, verdict in verdicts.items():
            if verdict.stripes:
                self._say_once((whose, "stripes"), f"{whose}: {verdict.stripes} pairs of strong stripes stand in the "
                               f"picture ({name}), which may harm people; make them paler, fewer or uneven", time_s)

    def lamps(self, share: float, time_s: float) -> None:
        """Take which part of all lamps' slots is held back."""
        whose = self._whose()
        self._note(whose, LAMPS, share, time_s, f" of {LAMPS}")
        if share >= TOLD_SHARE:
            self._say_once((whose, LAMPS), f"{whose}: its lamps flash more than {self._flashes} times in a second or "
                           f"too long, and are held back ({share:.0%} of their channels); slow them down", time_s)

    def report(self) -> dict[str, dict[str, Any]]:
        """Return for each scene and kind how many seconds something was held back, and the most that was."""
        return {f"{whose}: {kind}": {"held_s": round(tally.seconds, 2), "most": round(tally.most, 4)}
                for (whose, kind), tally in self._tallies.items()}

    def _whose(self) -> str:
        return " and ".join(self._scenes()) or "the picture"

    def _note(self, whose: str, kind: str, share: float, time_s: float, what: str) -> None:
        before_s = self._since.get(kind, time_s)
        self._since[kind] = time_s
        is_told = share >= TOLD_SHARE
        self._words[kind] = f"FLASHES {whose} {share:.0%}{what} held back" if is_told else ""
        if is_told:
            tally = self._tallies.setdefault((whose, kind), _Tally())
            tally.seconds += max(time_s - before_s, 0.0)
            tally.most = max(tally.most, share)

    def _say_once(self, what: tuple[str, str], line: str, time_s: float) -> None:
        if time_s - self._told.get(what, -QUIET_S) >= QUIET_S:
            self._told[what] = time_s
            self._say(line)
