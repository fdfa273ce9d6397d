"""Which projectors and camera a session works with: those of a computed room, so far."""

from __future__ import annotations

from calibration.cases import CAMERA
from calibration.light_scan import LightRig
from calibration.rooms import rooms
from calibration.session import Screen, Session
from calibration.simulator.colour import ColourRig
from calibration.simulator.light import View
from calibration.simulator.rig import Timing
from calibration.simulator.room import Room
from engine.problems import MixeurError, did_you_mean

WAIT_S = 0.065  # a little more than the simulated latency and its jitter


def room_of(session: Session) -> Room:
    """Return a session's computed room; `MixeurError` if there is none of that name."""
    known = rooms()
    if session.room not in known:
        about = did_you_mean(session.room, known)
        raise MixeurError(f"scan: no computed room '{session.room}'{about}; known: {', '.join(known)}")
    return known[session.room](session.seed)


def screens_of(session: Session) -> dict[str, Screen]:
    """Return the projectors that a session's room has."""
    return {name: Screen(size=projector.lens.size) for name, projector in room_of(session).projectors.items()}


def rig_of(session: Session) -> tuple[LightRig, float]:
    """Return the devices of a session, and how long a frame takes to be seen, in seconds.

    Raises:
        MixeurError: There are none.
    """
    if not session.room:
        raise MixeurError("scan: takes computed rooms so far; name one with --simulate, or solve pictures of your own")
    made = room_of(session)
    return ColourRig(made, {CAMERA: View(made, CAMERA)}, Timing(), session.seed), WAIT_S
