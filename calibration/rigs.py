"""Which projectors and camera a session works with: those of a computed room, or a show's windows and its camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from calibration.light_scan import LightRig
from calibration.rooms import rooms
from calibration.session import Screen, Session
from calibration.simulator.colour import ColourRig
from calibration.simulator.light import View
from calibration.simulator.rig import Timing
from calibration.simulator.room import Room
from engine.assembly import profile_path, stage_size
from engine.guarded import GuardedScreens
from engine.held_back import HeldBack
from engine.problems import MixeurError, did_you_mean
from engine.render.stage import STAGE
from engine.safety.exemption import Exemption
from engine.safety.limits import MOST_FLASHES
from engine.show.files import read_show
from engine.show.furnish import furnish
from engine.show.model import Camera, Projector, Show

WAIT_S = 0.065  # a little more than the simulated latency and its jitter
Permit = Callable[[], Exemption]
Say = Callable[[str], None]


class Devices(LightRig, Protocol):
    """What a scan works with, and the (width, height) of each projector."""

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        """Return the projectors' sizes."""


def room_of(session: Session) -> Room:
    """Return a session's computed room; `MixeurError` if there is none of that name."""
    known = rooms()
    if session.room not in known:
        about = did_you_mean(session.room, known)
        raise MixeurError(f"scan: no computed room '{session.room}'{about}; known: {', '.join(known)}")
    return known[session.room](session.seed)


def screens_of(session: Session) -> dict[str, Screen]:
    """Return the projectors that a session's computed room has."""
    return {name: Screen(size=projector.lens.size) for name, projector in room_of(session).projectors.items()}


@contextmanager
def rig_of(session: Session, permit: Permit, say: Say, wait_s: float | None = None) -> Iterator[tuple[Devices, float]]:
    """Open the devices of a session, and give them with how long a frame takes to be seen, in seconds.

    Args:
        permit: Has a person confirm that the room is empty; asked for real projectors only.
        wait_s: How long, if it need not be measured.
    Raises:
        MixeurError: There are none, or they do not answer.
    """
    if session.room:
        made = room_of(session)
        if session.camera not in made.cameras:
            about = did_you_mean(session.camera, made.cameras)
            raise MixeurError(f"scan: no camera '{session.camera}' in this room{about}; known: "
                              f"{', '.join(made.cameras)}")
        views = {session.camera: View(made, session.camera)}
        yield ColourRig(made, views, Timing(), session.seed), wait_s or WAIT_S
    elif session.show is not None:
        with _live(session, session.show, permit, say, wait_s) as found:
            yield found
    else:
        raise MixeurError("scan: with which devices? Name the show with --show, or a computed room with --simulate; "
                          "pictures of your own are solved with `mixeur calibrate solve`")


def show_of(session: Session, path: Path) -> tuple[Show, Session]:
    """Return a show, and the session that calibrates it: its camera, and where its profiles stand.

    Raises:
        MixeurError: The show has no such camera, or its profiles stand where they cannot be kept together.
    """
    show = furnish(read_show(path))
    folders = set()
    for projector in lit(show).values():
        place = profile_path(show, projector)
        folders.add(place.parent)
        if place.name != f"{projector.name}.toml":
            raise MixeurError(f"projector.{projector.name}: its profile is called {place.name}; calibrated profiles "
                              f"are called as their projectors: write profile = \"profiles/{projector.name}.toml\"")
    if len(folders) > 1:
        raise MixeurError("scan: the profiles of this show stand in several folders; put them into one")
    return show, Session(folder=session.folder, camera=session.camera, show=path, profiles=folders.pop())


def lit(show: Show) -> dict[str, Projector]:
    """Return the projectors that show the stage."""
    return {name: projector for name, projector in show.projectors.items() if projector.view == STAGE}


def camera_of(show: Show, name: str) -> Camera:
    """Return the camera that looks: the one of that name, or the only real one; `MixeurError` if there is none."""
    real = {each: camera for each, camera in show.cameras.items() if camera.source != "simulated"}
    if name in real:
        return real[name]
    if not real:
        raise MixeurError("scan: every camera of this show is simulated; give [camera.NAME] a `source` in room.toml")
    if len(real) == 1 and name == Session().camera:
        return next(iter(real.values()))
    raise MixeurError(f"scan: which camera looks? No '{name}'{did_you_mean(name, real)}; choose with --camera: "
                      f"{', '.join(real)}")


@contextmanager
def _live(session: Session, path: Path, permit: Permit, say: Say,
          wait_s: float | None) -> Iterator[tuple[Devices, float]]:
    """Open a show's windows and camera, and measure how late the camera sees them."""
    from calibration.eye import Eye  # pygame only where windows are opened
    from calibration.live import LiveRig
    from engine.inputs.camera import open_source
    from engine.render.window import Windows

    show, _ = show_of(session, path)
    camera = camera_of(show, session.camera)
    exemption = permit()
    with ExitStack() as closing:
        closing.callback(exemption.end)
        eye = Eye(camera.name, lambda within_s: open_source(camera, show.folder, within_s))
        closing.callback(eye.close)
        windows = Windows(show.projectors, stage_size(show), title="calibration")
        closing.callback(windows.close)
        for name, why in windows.lost.items():
            raise MixeurError(f"projector.{name}: {why}")
        guarded = GuardedScreens(windows, MOST_FLASHES, HeldBack(MOST_FLASHES, tuple, say))
        closing.callback(guarded.close)
        rig = LiveRig(guarded, {name: size for name, size in windows.sizes.items() if name in lit(show)}, eye,
                      exemption, lambda: guarded.poll(lambda *_: None))
        if wait_s is None:
            found = rig.settling()
            wait_s = found.wait_s
            say(f"{camera.name} sees what is shown after {1e3 * found.seen_s:.0f} ms; each frame is left "
                f"{1e3 * wait_s:.0f} ms")
        yield rig, wait_s
