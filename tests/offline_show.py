"""A show played offline for its sound alone: no camera, no light, no visitors; as fast as the machine is."""

from __future__ import annotations

from collections.abc import Sequence

from engine.assembly import scene_parts
from engine.clock import VirtualClock
from engine.director import Director
from engine.loop import frames
from engine.scene.running import Running
from engine.sense import Room
from engine.show.model import Show
from engine.sound.offline import OfflineSound
from engine.telemetry import Telemetry
from engine.testing.rehearsal import Act, ScriptedDevices


def heard(show: Show, seconds: float, script: Sequence[Act] = (), seed: int = 1) -> OfflineSound:
    """Return what a show's speakers played; it must have no problem."""
    clock, sound = VirtualClock(show.stage.fps, round(seconds * show.stage.fps)), OfflineSound(show.sound)
    parts = scene_parts(show, seed, clock.now_ns, lambda scene, line: None)
    director, room = Director(show, lambda entry, key: Running(entry, key, parts)), Room.of(show)
    devices, telemetry = ScriptedDevices({}, script), Telemetry(clock.now_ns, clock.fps)
    for tick, _, frame in frames(clock, devices, lambda: room, director, telemetry):
        sound.submit(frame.sounds, tick.due_ns)
        sound.advance((tick.frame + 1) / clock.fps)
    assert not director.problems, director.problems
    return sound
