"""The house rule as data: who takes part, where people work, and when it is quiet (`engine/presence.py` heeds it)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.show import forms
from engine.show.schema import form, limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """`[zone.NAME]`: a part of the floor and of what the camera sees there.

    Attributes:
        corners: Where it is on the stage, in stage units (the stage is 1 high), in order round it.
        kind: `desk`: whoever stands or sits there is left alone, and no scene sees them. `play`: who stays there takes
            part; without one, the whole floor but the desks.
    """

    name: str = field(metadata={"hidden": True})
    corners: tuple[tuple[float, float], ...] = field(metadata=limits(-10, 10) | form(forms.outline))
    kind: Literal["desk", "play"] = "desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """`[presence]`: the house rule: a person is free to take part or not, or to do office work beside it.

    Attributes:
        enter_s, leave_s: How long somebody is in a play zone until they take part, and away until they no longer do.
        gesture: `raise`: who holds a hand above their head for a moment takes part wherever they stand, or stops to.
        still_s: Who has not moved for so long no longer takes part; None: they do.
        quiet: When it is to be quiet, such as `Mon-Fri 9:00-12:00`; while somebody is at a desk it is so, too.
        quiet_db: How much less loud it is then.
        quiet_change: How much of full light a point of the picture may change in a second in quiet hours: the smaller,
            the slower all moves. Beside a desk where somebody works it is 0.1 at any hour.
    """

    enter_s: float = field(default=2.0, metadata=limits(0, 60, "s"))
    leave_s: float = field(default=3.0, metadata=limits(0, 60, "s"))
    gesture: Literal["none", "raise"] = "none"
    still_s: float | None = field(default=None, metadata=limits(1, 86_400, "s"))
    quiet: str | None = field(default=None, metadata=form(forms.opening_hours))
    quiet_db: float = field(default=-15.0, metadata=limits(-60, 0, "dB"))
    quiet_change: float = field(default=0.5, metadata=limits(0.01, 60, "1/s"))
