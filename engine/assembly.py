"""Assembly: what scenes are built with, the same for a live show and for a rehearsal."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from engine.crew import Crew
from engine.deadline import Deadline, NoDeadline
from engine.light.lights import Lights
from engine.render.canvas import Canvas
from engine.render.pictures import Assets
from engine.render.stage import Beam
from engine.scene.parts import Parts
from engine.sense import Room
from engine.show.good import read_good_profile
from engine.show.model import Projector, Show
from engine.show.profile import Profile
from engine.sound.score import Score
from engine.world import StageSize

BUDGET_SHARE = 0.5  # of a frame, for all hooks of a scene


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
    show: Show,
    seed: int,
    now_ns: Callable[[], int],
    say: Callable[[str, str], None],
    live: bool = False,
    deadline: Deadline | None = None,
    enter: Callable[[str], None] = lambda scene: None,
    crew: Crew | None = None,
) -> Parts:
    """Return what the show's scenes are built with.

    Args:
        seed: Of this run.
        now_ns: The clock that measures what hooks cost.
        say: Gets a scene's name and a line that it printed.
        live: Whether films are decoded ahead of time by a thread, and views that no projector shows cost nothing.
        deadline: Ends hooks that do not end by themselves.
        enter: Gets the name of the scene whose code runs from then on, or nothing.
        crew: The threads that draw; None: the scenes' own.
    """
    stage, assets, crew = stage_size(show), Assets(asset_folders(show), live), crew or Crew()

    shown = frozenset(projector.view for projector in show.projectors.values()) if live else None

    def make_canvas() -> Canvas:
        return Canvas(stage, assets, live, shown, crew)

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
        enter=enter,
        deadline=deadline or NoDeadline(),
        budget_ms=BUDGET_SHARE * 1000 / show.stage.fps,
        show=show if live else None,
    )


def profile_path(show: Show, projector: Projector) -> Path:
    """Return where a projector's profile stands: where the show says, else `profiles/NAME.toml` beside it."""
    return projector.profile or show.folder / "profiles" / f"{projector.name}.toml"


def beams_of(show: Show, sizes: Mapping[str, tuple[int, int]], copies: Path,
             say: Callable[[str], None]) -> dict[str, Beam]:
    """Return each projector's part in the light; one without a profile shows the whole stage.

    Args:
        sizes: (width, height) of each projector's picture.
        copies: Where the last good profiles are kept: one that is broken now is used as it was.
        say: Where a line for the operator goes.

    Raises:
        ShowError: A profile cannot be read, and never was good.
    """
    beams = {}
    for name, projector in show.projectors.items():
        profile, why = read_good_profile(profile_path(show, projector), name, copies)
        if why:
            say(f"{why} (the light of projector.{name} is as it was)")
        beams[name] = Beam(profile=profile or Profile.identity(sizes[name]), view=projector.view, flip=projector.flip,
                           feather=projector.feather)
    return beams


def room_of(show: Show, profiles: Mapping[str, Profile]) -> Room:
    """Return what sense must know of the show and of its projectors' latencies; of several the latest light counts.

    Args:
        profiles: As the light has them, by projector.
    """
    latencies: dict[str, float] = {}
    for profile in () if show.simulated else profiles.values():
        late = profile.latency
        latencies[late.camera] = max(late.p50_ms / 1e3, latencies.get(late.camera, 0.0))
    return Room.of(show, latencies)
