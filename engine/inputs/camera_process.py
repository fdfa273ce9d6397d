"""The process of one camera: newest picture in; matte out at once, then who is where."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np

from engine.clock import monotonic_ns, sleep_s
from engine.inputs.camera import open_source
from engine.inputs.camera_capture import Capture, OpenSource, stale_s
from engine.inputs.camera_link import STATES, CameraBlock, Lay, capture_size
from engine.inputs.camera_memory import Doubt, RoomMemory
from engine.inputs.camera_simulated import SimulatedSource, StandIn, simulated
from engine.show.model import Camera
from engine.stage_view import lay
from engine.supervise.memory import Block
from engine.supervise.priority import step_back
from engine.vision.eye import Eye
from engine.world import CameraState, Pixels, Sighting

WAIT_S = 0.1
SHUT = b"closed by the show"
STUCK = 3
OTHER_ROOM = "the room looks different and is learnt anew; was the camera moved, or the light changed?"


def ready() -> None:
    """Have all that takes long, for a camera that waits until it is needed: the imports of this module."""


def main(plan: dict[str, Any]) -> NoReturn:
    """Run a camera until it is told to stop or its parent is gone; never returns.

    Args:
        plan: `camera` (fields of `Camera`), `block` (handle), `parent` (process id), `aspect` of the stage, and
            `folder` for relative files.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    step_back()
    cv2.setNumThreads(1)  # measured: a second thread makes it later, not sooner, on a busy small machine
    camera, block, folder = camera_of(plan["camera"]), Block.attach(plan["block"]), Path(plan["folder"])
    code = run_camera(camera, block, lambda: stop.is_set() or os.getppid() != plan["parent"], folder, plan["aspect"])
    os._exit(code)  # a driver may hold the capture thread for ever, and the interpreter's own end takes a second


def camera_of(fields: dict[str, Any]) -> Camera:
    """Return a camera from what JSON made of its fields."""
    corners = fields.get("corners")
    corners = None if corners is None else tuple((float(x), float(y)) for x, y in corners)
    floor = fields.get("floor_m")
    return Camera(**{**fields, "size": (int(fields["size"][0]), int(fields["size"][1])), "corners": corners,
                     "floor_m": None if floor is None else (float(floor[0]), float(floor[1]))})


def run_camera(
    camera: Camera, block: Block, should_stop: Callable[[], bool], folder: Path = Path(), aspect: float = 16 / 9
) -> int:
    """Look at a camera's pictures until told to stop; at another source whenever the engine asks for one.

    Args:
        folder: What relative files are relative to.
        aspect: Of the stage, for simulated visitors.

    Returns:
        0, or 3 if a driver blocks for ever: then only the end of the process helps.
    """
    shared = CameraBlock(camera, block, _lay_for(camera))
    header, code = shared.header[0], 0
    while not code and not should_stop():
        if header["shut"]:
            _rest(shared, should_stop)
            continue
        chosen = replace(camera, source=shared.wanted or camera.source, size=capture_size(camera))
        if shared.wanted and camera.source == "simulated":
            chosen = replace(chosen, key="none")  # who rehearses at home has no coloured wall
        code = _watch(chosen, shared, should_stop, folder, aspect)
    header["state"] = STATES.index("lost")
    return code


def _rest(shared: CameraBlock, should_stop: Callable[[], bool]) -> None:
    """Hold no device for as long as the show wants no camera."""
    header = shared.header[0]
    header["state"], header["message"], header["note"], header["stands_in"] = STATES.index("lost"), SHUT, b"", 0
    while header["shut"] and not should_stop():
        header["heartbeat_ns"] = monotonic_ns()
        sleep_s(WAIT_S / 4)


def _lay_for(camera: Camera) -> Lay:
    """Return how a matte is written for the engine: with corners as the stage alone, so that people stand right."""
    corners = camera.corners
    if corners is None:
        return np.copyto
    return lambda slot, matte: lay(matte, corners, slot)


def _watch(camera: Camera, shared: CameraBlock, should_stop: Callable[[], bool], folder: Path, aspect: float) -> int:
    """Look at one source until told to stop or to look at another."""
    header = shared.header[0]
    asked = int(header["wishes"])
    header["message"], header["note"], header["stands_in"] = b"", b"", 0
    sight = _Sight(camera, shared)
    capture = Capture(_opener(camera, shared, sight.eye, aspect, folder), stale_s(camera.fps))
    understudy = _Understudy(camera, shared, aspect)
    while not should_stop() and header["wishes"] == asked and not header["shut"]:
        shot = capture.newest(min(WAIT_S, understudy.due_s()))
        if shot is not None:
            sight.take(_fitted(shot.picture, camera.size), shot.captured_ns)
        _report(shared, capture, understudy.play(capture.state(monotonic_ns())), sight.note)
        if monotonic_ns() > capture.patience_ns:
            header["message"] = b"its driver does not answer; the camera is started again"
            return STUCK
    return 0 if capture.close() else STUCK


def _opener(camera: Camera, shared: CameraBlock, eye: Eye, aspect: float, folder: Path) -> OpenSource:
    if camera.source != "simulated":
        return lambda within_s: open_source(camera, folder, within_s)
    fake = simulated(camera, aspect)
    eye.learn(fake.empty())
    return lambda _: SimulatedSource(fake, camera.fps, shared.header[0])


class _Sight:
    """What becomes of a camera's pictures: keyed and tracked, against an empty room that outlives this process."""

    def __init__(self, camera: Camera, shared: CameraBlock) -> None:
        self._camera, self._shared, self._header = camera, shared, shared.header[0]
        self._memory, self._doubt, self._note = RoomMemory(self._header, shared.room, camera.source), Doubt(), ""
        self.eye = Eye(camera, first_id=max(1, int(self._header["next_id"])))
        room = self._memory.recall()
        if room is not None and camera.source != "simulated":
            self.eye.learn(room)

    @property
    def note(self) -> str:
        """Return what the operator should know of the room, or nothing."""
        return self._note or self.eye.note

    def take(self, picture: Pixels, captured_ns: int) -> None:
        """Show what a picture holds."""
        sighting = _look(self.eye, picture, captured_ns, self._shared)
        self._header["next_id"] = self.eye.next_id
        self._memory.note(picture, sighting)
        if self._doubt.is_other(sighting):
            self._memory.forget()
            self.eye, self._note = Eye(self._camera, first_id=self.eye.next_id), OTHER_ROOM


def _look(eye: Eye, picture: Pixels, captured_ns: int, shared: CameraBlock) -> Sighting:
    header = shared.header[0]
    frame, start_ns = int(header["frames"]), monotonic_ns()
    matte = eye.key(picture)
    shared.publish_matte(matte, captured_ns, frame)
    header["key_us"] = (monotonic_ns() - start_ns) // 1000
    sighting = eye.track(picture, matte, captured_ns, frame)
    shared.publish_sighting(sighting)
    header["vision_us"] = (monotonic_ns() - start_ns) // 1000
    header["frames"] = frame + 1
    return sighting


class _Understudy:
    """Plays for a camera that is lost, where the show wants it."""

    def __init__(self, camera: Camera, shared: CameraBlock, aspect: float) -> None:
        self._is_wanted = camera.lost == "simulate" and camera.source != "simulated"
        self._camera, self._shared, self._aspect = camera, shared, aspect
        self._stand_in: StandIn | None = None

    def due_s(self) -> float:
        """Return how long it is until it has something to do."""
        return self._stand_in.due_s(monotonic_ns()) if self._stand_in is not None else WAIT_S

    def play(self, state: CameraState) -> CameraState:
        """Show simulated visitors while the camera is gone; returns its state."""
        header = self._shared.header[0]
        if not self._is_wanted or state in ("live", "dark"):
            self._stand_in = None
            header["stands_in"] = 0
            return state
        if self._stand_in is None:
            self._stand_in = StandIn(self._camera, self._aspect, int(header["stand_in_id"]))
        now_ns = monotonic_ns()
        picture = self._stand_in.picture(now_ns)
        if picture is not None:
            _look(self._stand_in.eye, picture, now_ns, self._shared)
            header["stand_in_id"], header["stands_in"] = self._stand_in.eye.next_id, 1
        return state


def _fitted(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture that is no larger than the slots."""
    height, width = picture.shape[:2]
    shrink = min(1.0, size[0] / width, size[1] / height)
    if shrink == 1.0:
        return np.ascontiguousarray(picture)
    smaller = max(1, int(width * shrink)), max(1, int(height * shrink))
    return np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)


def _report(shared: CameraBlock, capture: Capture, state: CameraState, note: str) -> None:
    header = shared.header[0]
    header["state"] = STATES.index(state)
    header["dropped"], header["reopened"] = capture.dropped, capture.reopened
    header["truncated"], header["repeated"] = capture.truncated, capture.repeated
    header["message"] = capture.message.encode()[:240]
    header["note"] = (capture.note or note).encode()[:240]
    header["heartbeat_ns"] = monotonic_ns()
