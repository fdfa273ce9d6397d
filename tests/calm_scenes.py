"""How much of each shipped scene the flash guard holds back, with people walking and a ball touched in every way."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.safety.flash_guard import FlashGuard
from engine.show.files import read_show
from engine.show.model import Cue, Programme
from engine.testing.rehearsal import Act, rehearse

ROOT = Path(__file__).parents[1]
SCENES = tuple(read_show(ROOT / "show.toml", simulate=True).scenes)


def held_share(scene: str, seconds: float, height_px: int, seed: int = 1) -> float:
    """Return which part of all blocks of all frames is altered, from the first second on."""
    show = read_show(ROOT / "show.toml", simulate=True)
    show = replace(show, stage=replace(show.stage, height_px=height_px),
                   programme=Programme(cues=(Cue(name="alone", scene=scene, fade_s=0),)))
    levels = [Act(tenth / 10, ("osc:/contact/level", touch(tenth / 10))) for tenth in range(round(seconds * 10))]
    guard, held = FlashGuard("rgba"), []
    for moment in rehearse(show, seconds, seed=seed, script=levels, visitors=3).frames():
        guard.apply(moment.stage, moment.tick.time)
        held.append(guard.verdict.held)
    return float(np.mean(held[round(show.stage.fps) :]))


def touch(time_s: float) -> float:
    """Return a touch that swells for ten seconds, then taps twice a second for ten."""
    return 0.5 + 0.5 * math.sin(0.7 * time_s) if time_s % 20 < 10 else float(time_s * 2 % 2 < 1)
