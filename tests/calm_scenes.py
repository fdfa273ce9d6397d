"""How much of each shipped scene the flash guard alters, with people walking and a ball touched in every way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.safety.flash_guard import FlashGuard
from engine.show.files import read_show
from engine.show.model import Cue, Programme
from engine.testing.rehearsal import Act, rehearse

Pixels = NDArray[np.uint8]
ROOT = Path(__file__).parents[1]
BLOCKS = (96, 54)
SCENES = tuple(read_show(ROOT / "show.toml", simulate=True).scenes)


def altered_share(scene: str, seconds: float, height_px: int, seed: int = 1) -> float:
    """Return which part of all blocks of all frames is altered, from the first second on."""
    film = guarded(scene, seconds, height_px, seed)
    return float(np.mean([altered_blocks(asked, shown) for time_s, asked, shown in film if time_s >= 1]))


def guarded(scene: str, seconds: float, height_px: int, seed: int = 1) -> Iterator[tuple[float, Pixels, Pixels]]:
    """Yield time, what a scene asks for, and what is shown of it, frame by frame. RGBA."""
    show = read_show(ROOT / "show.toml", simulate=True)
    show = replace(show, stage=replace(show.stage, height_px=height_px),
                   programme=Programme(cues=(Cue(name="alone", scene=scene, fade_s=0),)))  # fmt: skip
    levels = [Act(tenth / 10, ("osc:/contact/level", touch(tenth / 10))) for tenth in range(round(seconds * 10))]
    guard = FlashGuard("rgba")
    for moment in rehearse(show, seconds, seed=seed, script=levels, visitors=3).frames():
        yield moment.tick.time, moment.stage, guard.apply(moment.stage.copy(), moment.tick.time)


def altered_blocks(asked: Pixels, shown: Pixels) -> float:
    """Return in which part of a grid of 96 x 54 blocks the mean of any colour is altered by more than 1/255."""
    if np.array_equal(asked, shown):
        return 0.0
    change = cv2.absdiff(asked, shown)[..., :3].astype(np.float32)
    return float((cv2.resize(change, BLOCKS, interpolation=cv2.INTER_AREA).max(axis=2) > 1).mean())


def touch(time_s: float) -> float:
    """Return a touch that swells for ten seconds, then is there for half of each second, for ten."""
    return 0.5 + 0.5 * math.sin(0.7 * time_s) if time_s % 20 < 10 else float(time_s % 1 < 0.5)
