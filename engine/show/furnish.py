"""A show without a room gets one: a simulated camera, a ball to touch, two speakers and a window.

A simulated microphone comes too where a scene listens to one: it costs a process of its own.
"""

from __future__ import annotations

from dataclasses import replace

from engine.show.model import Camera, Microphone, Projector, Show, Speaker, TouchInput
from engine.show.references import listens

SIMULATED_SIZE = (640, 360)


def furnish(show: Show) -> Show:
    """Return the show with what every run needs: somewhere to look, and in a simulated room someone to see."""
    width_m = show.stage.size_m[0] if show.stage.size_m else 4.0
    speakers = {
        "front_left": Speaker(name="front_left", output=1),
        "front_right": Speaker(name="front_right", output=2, at_m=(width_m, 0.0)),
    }
    show = replace(
        show, projectors=show.projectors or {"window": Projector(name="window")}, speakers=show.speakers or speakers
    )
    if not show.simulated:
        return show
    cameras = show.cameras or {"room": Camera(name="room", key="blue")}
    return replace(
        show,
        cameras={name: replace(camera, size=SIMULATED_SIZE) for name, camera in cameras.items()},
        touches=show.touches or {"ball": TouchInput(name="ball", source="key:space")},
        mics=show.mics or ({"room": Microphone(name="room", device="simulated")} if listens(show) else {}),
    )
