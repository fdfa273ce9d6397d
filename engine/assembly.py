"""Assembly: what scenes are built with, the same for a live show and for a rehearsal."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.light.lights import Lights
from engine.render.canvas import Canvas
from engine.scene.running import Parts
from engine.show.model import Show
from engine.sound.score import Score
from engine.world import StageSize


def stage_size(show: Show) -> StageSize:
    """Return the stage as scenes get it."""
    return StageSize(show.stage.aspect, show.stage.size_m, show.stage.size_px)


def seed_of(show: Show, today: datetime.date) -> int:
    """Return the show's seed: its own number, or one that is new each day."""
    return today.toordinal() if show.seed == "daily" else show.seed


def asset_folders(show: Show) -> tuple[Path, ...]:
    """Return where scenes' files are looked for, first one first."""
    return show.folder, show.folder / "assets"


def scene_parts(
    show: Show, seed: int, now_ns: Callable[[], int], say: Callable[[str, str], None], live: bool = False
) -> Parts:
    """Return what the show's scenes are built with.

    Args:
        seed: Of this run.
        now_ns: The clock that measures what hooks cost.
        say: Gets a scene's name and a line that it printed.
        live: Whether films are decoded ahead of time by a thread.
    """
    stage = stage_size(show)

    def make_canvas() -> Canvas:
        return Canvas(stage, asset_folders(show), live)

    def make_score(owner: str, rng: np.random.Generator) -> Score:
        return Score(owner, rng, show.folder)

    return Parts(
        stage=stage,
        seed=seed,
        folder=show.folder,
        make_canvas=make_canvas,
        make_score=make_score,
        make_lights=lambda: Lights(show.lamps, show.stage),
        now_ns=now_ns,
        say=say,
    )
