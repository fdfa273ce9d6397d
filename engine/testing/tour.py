"""Tour: all scenes of a programme in a minute, with hands on what can be touched. Pure."""

from __future__ import annotations

from dataclasses import replace

from engine.control.running_order import cues_of
from engine.fake.touch import touch_script
from engine.show.model import Show
from engine.testing.rehearsal import Act

FADE = 0.3  # of a cue's time, at most
LONGEST_VISIT_S = 60.0  # one that is not over at the end is there all the same


def tour(show: Show, seconds: float) -> Show:
    """Return the show with a programme that plays each of its scenes once, all as long, in so many seconds.

    Of the cues that vary a scene the first one counts.
    """
    cues = list({cue.scene: cue for cue in reversed(cues_of(show))}.values())[::-1]
    each_s = seconds / len(cues)
    short = tuple(
        replace(cue, fade_s=min(cue.fade_s, FADE * each_s), follow_s=each_s, time=None) for cue in cues
    )
    return replace(show, programme=replace(show.programme, cues=short))


def hands(show: Show, seconds: float, seed: int) -> tuple[Show, list[Act]]:
    """Return the show with a sensor on everything that a key stood for, and what visitors do to each.

    Args:
        show: Furnished.
    """
    touches = {
        name: replace(touch, source=f"osc:/{name}") if touch.source.startswith("key:") else touch
        for name, touch in show.touches.items()
    }
    acts = [
        Act(at_s, (source, level))
        for number, touch in enumerate(touches.values())
        for at_s, source, (level,) in touch_script(seconds + LONGEST_VISIT_S, seed + number, touch.source)
        if at_s < seconds
    ]
    return replace(show, touches=touches), acts
