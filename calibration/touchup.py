"""Touch-up: a show's profiles edited by hand in the light, without a camera and without the show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.history import TOUCHED, History, Version
from calibration.rigs import lit, show_of
from calibration.session import Session
from engine.assembly import stage_size
from engine.clock import NS, RealClock, monotonic_ns
from engine.control.mesh_pin import MeshPin
from engine.control.mesh_pin_view import draw_mesh
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.problems import MixeurError
from engine.render.layer import Group, Layer, Picture
from engine.render.lettering import Lettering
from engine.render.pinned import PinnedLight
from engine.render.stage import STAGE, Beam, LightOutput
from engine.render.window import Windows
from engine.safety.limits import MOST_FLASHES
from engine.show.profile import Profile

FPS = 60
CELLS = (16, 9)


def touch_up(path: Path, made: str, say: Callable[[str], None]) -> Version | None:
    """Let a person edit the profiles of a show on its projectors; return what was kept, or None if nothing changed.

    Args:
        made: When, for people.
    Raises:
        MixeurError: A projector is not there, or the profiles cannot be kept.
    """
    show, session = show_of(Session(), path)
    history = History(session.profile_folder)
    with ExitStack() as closing:
        windows = Windows(show.projectors, stage_size(show), title="touch-up")
        closing.callback(windows.close)
        guarded = GuardedScreens(windows, MOST_FLASHES, HeldBack(MOST_FLASHES, tuple, say))
        closing.callback(guarded.close)
        guarded.show_cursor(True)
        before = history.profiles()
        profiles = {name: _fitting(name, before.get(name), windows.sizes[name]) for name in lit(show)}
        beams = {name: Beam(profile=profile, flip=show.projectors[name].flip) for name, profile in profiles.items()}
        light = LightOutput(beams, stage_size(show).size_px)
        closing.callback(light.close)
        pinned = PinnedLight(light, beams, say)
        closing.callback(pinned.close)
        edited = _edited(MeshPin.begin(profiles), pinned, light, guarded)
    changed = {name: profile for name, profile in edited.items() if profile != profiles[name]}
    return history.keep(TOUCHED, made, changed, {}) if changed else None


def _edited(pin: MeshPin, pinned: PinnedLight, light: LightOutput, screens: GuardedScreens) -> dict[str, Profile]:
    """Show the stage's grid through the profiles, with handles, until the person leaves."""
    lettering = Lettering()
    picture = Picture({STAGE: (Group((Layer(grid_picture(light.stage_size)),)),)})
    for _ in RealClock(FPS).ticks():
        done = screens.poll(light.stage_at)
        pin = pin.step(done)
        for name in pin.saved:
            pinned.pin(name, pin.profiles[name])
        pinned.catch_up()
        lit = pinned.lit()
        shown = {name: draw_mesh(pin, name, frame, lit[name], lettering)
                 for name, frame in light.render(picture).items()}
        screens.present(shown, monotonic_ns() / NS)
        if done.quit or not pin.is_open:
            break
    return dict(pin.profiles)


def grid_picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a stage with even lines and a brighter frame. RGBA, shape (height, width, 4), uint8."""
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    picture[..., 3] = 255
    for axis, cells in enumerate(CELLS):
        length = size[axis]
        for place in np.linspace(0, length - 2, cells + 1).round().astype(int):
            level = 255 if place in (0, length - 2) else 130
            part = np.s_[:, place:place + 2, :3] if axis == 0 else np.s_[place:place + 2, :, :3]
            picture[part] = np.maximum(picture[part], level)
    return picture


def _fitting(name: str, profile: Profile | None, size: tuple[int, int]) -> Profile:
    if profile is not None and profile.size != size:
        raise MixeurError(f"projector.{name}: its profile is for {profile.size[0]} x {profile.size[1]} pixels, its "
                          f"display has {size[0]} x {size[1]}; set the display to its native size")
    return profile or Profile.identity(size)
