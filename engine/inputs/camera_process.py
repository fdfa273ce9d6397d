"""The process of a camera, or of a group with a thread each: newest picture in; matte at once, then who is where."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np

from engine.clock import monotonic_ns, sleep_s
from engine.inputs import camera_glimpse
from engine.inputs.camera import open_source
from engine.inputs.camera_capture import Capture, OpenSource, stale_s
from engine.inputs.camera_link import STATES, CameraBlock, Lay, capture_size
from engine.inputs.camera_memory import Doubt, RoomMemory
from engine.inputs.camera_picture import fitted
from engine.inputs.camera_simulated import SimulatedSource, StandIn, simulated
from engine.inputs.clean_plate import PlateWatch, plate_path
from engine.show.model import Camera
from engine.stage_view import lay
from engine.supervise.memory import Block
from engine.supervise.priority import step_back
from engine.vision.eye import Eye
from engine.world import CameraState, Pixels, Sighting

WAIT_S = 0.1
SHUT = b"closed by the show"
STUCK = 3
BLOCKED = b"its driver does not answer; the camera is started again"
OTHER_ROOM = "the room looks different and is learnt anew; was the camera moved, or the light changed?"


def ready() -> None:
    """Have all that takes long, for a camera that waits until it is needed: the imports of this module."""


def main(plan: dict[str, Any]) -> NoReturn:
    """Run cameras until they are told to stop or their parent is gone; never returns.

    Args:
        plan: `cameras` (fields of `Camera` for each), `blocks` (their handles), `parent` (process id), `aspect` of the
            stage, and `folder` for relative files.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    step_back()
    cv2.setNumThreads(1)  # measured: a second thread makes it later, not sooner, on a busy small machine
    seats = [(camera_of(fields), Block.attach(handle))
             for fields, handle in zip(plan["cameras"], plan["blocks"], strict=True)]  # fmt: skip
    should_stop, folder = (lambda: stop.is_set() or os.getppid() != plan["parent"]), Path(plan["folder"])
    if len(seats) == 1:
        code = run_camera(*seats[0], should_stop, folder, plan["aspect"])
    else:
        code = run_group(seats, should_stop, folder, plan["aspect"])
    os._exit(code)  # a driver may hold the capture thread for ever, and the interpreter's own end takes a second


def camera_of(fields: dict[str, Any]) -> Camera:
    """Return a camera from what JSON made of its fields."""
    corners = fields.get("corners")
    corners = None if corners is None else tuple((float(x), float(y)) for x, y in corners)
    floor = fields.get("floor_m")
    return Camera(**{**fields, "size": (int(fields["size"][0]), int(fields["size"][1])), "corners": corners,
                     "floor_m": None if floor is None else (float(floor[0]), float(floor[1]))})


def run_group(
    seats: Sequence[tuple[Camera, Block]], should_stop: Callable[[], bool], folder: Path = Path(),
    aspect: float = 16 / 9,
) -> int:  # fmt: skip
    """Look through several cameras until told to stop, a thread each, or until one of them cannot go on.

    Returns:
        As `run_camera`; a driver that blocks ends the others only once none of them is live.
    """
    codes: list[int] = []
    headers = [CameraBlock(camera, block).header[0] for camera, block in seats]

    def run(number: int) -> None:
        others = [header for place, header in enumerate(headers) if place != number]
        code = 1
        try:
            code = run_camera(*seats[number], lambda: bool(codes) or should_stop(), folder, aspect,
                              lambda: all(header["state"] != STATES.index("live") for header in others))  # fmt: skip
        finally:
            codes.append(code)

    threads = [threading.Thread(target=run, args=(n,), name=seats[n][0].name) for n in range(len(seats))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(codes)


def run_camera(
    camera: Camera, block: Block, should_stop: Callable[[], bool], folder: Path = Path(), aspect: float = 16 / 9,
    may_end: Callable[[], bool] = lambda: True,
) -> int:  # fmt: skip
    """Look at a camera's pictures until told to stop; at another source whenever the engine asks for one.

    Args:
        folder: What relative files are relative to.
        aspect: Of the stage, for simulated visitors.
        may_end: Whether nobody else needs this process, so that it may end when a driver blocks.

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
        code = _watch(chosen, shared, should_stop, folder, aspect, may_end)
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


def _watch(camera: Camera, shared: CameraBlock, should_stop: Callable[[], bool], folder: Path, aspect: float,
           may_end: Callable[[], bool]) -> int:  # fmt: skip
    """Look at one source until told to stop or to look at another."""
    header = shared.header[0]
    asked = int(header["wishes"])
    header["message"], header["note"], header["stands_in"] = b"", b"", 0
    sight = _Sight(camera, shared, None if shared.wanted else PlateWatch(plate_path(folder, camera.name)))
    capture = Capture(_opener(camera, shared, sight.eye, aspect, folder), stale_s(camera.fps))
    understudy = _Understudy(camera, shared, aspect)
    while not should_stop() and header["wishes"] == asked and not header["shut"]:
        shot = capture.newest(min(WAIT_S, understudy.due_s()))
        if shot is not None:
            sight.take(fitted(shot.picture, camera.size), shot.captured_ns)
        _report(shared, capture, understudy.play(capture.state(monotonic_ns())), sight.note)
        if monotonic_ns() > capture.patience_ns:
            header["message"] = BLOCKED
            if may_end():
                return STUCK
    return 0 if capture.close() or not may_end() else STUCK


def _opener(camera: Camera, shared: CameraBlock, eye: Eye, aspect: float, folder: Path) -> OpenSource:
    if camera.source != "simulated":
        return lambda within_s: open_source(camera, folder, within_s, camera.size)
    fake = simulated(camera, aspect)
    eye.learn(fake.empty())
    return lambda _: SimulatedSource(fake, camera.fps, shared.header[0])


class _Sight:
    """What becomes of a camera's pictures: keyed and tracked, against an empty room that outlives this process.

    Args:
        plates: Where the clean plate comes from; None: this is another camera than the one it was taken with.
    """

    def __init__(self, camera: Camera, shared: CameraBlock, plates: PlateWatch | None) -> None:
        self._camera, self._shared, self._header = camera, shared, shared.header[0]
        self._memory, self._doubt, self._note = RoomMemory(self._header, shared.room, camera.source), Doubt(), ""
        self._plates = plates if camera.key != "none" and camera.source != "simulated" else None
        self.eye = Eye(camera, first_id=max(1, int(self._header["next_id"])))
        room = self._memory.recall()
        if room is not None and camera.source != "simulated":
            self.eye.learn(room)

    @property
    def note(self) -> str:
        """Return what the operator should know of the room, or nothing."""
        return self._note or self.eye.note or ("" if self._plates is None else self._plates.fault)

    def take(self, picture: Pixels, captured_ns: int) -> None:
        """Show what a picture holds."""
        camera_glimpse.answer(self._header["glimpse"], self._shared.glimpse, picture, captured_ns)
        plate = None if self._plates is None else self._plates.taken(captured_ns)
        if plate is not None:
            self.eye.take_plate(plate)
            self._note = ""
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


def _report(shared: CameraBlock, capture: Capture, state: CameraState, note: str) -> None:
    header = shared.header[0]
    header["state"] = STATES.index(state)
    header["dropped"], header["reopened"] = capture.dropped, capture.reopened
    header["truncated"], header["repeated"] = capture.truncated, capture.repeated
    header["message"] = capture.message.encode()[:240]
    header["note"] = (capture.note or note).encode()[:240]
    header["heartbeat_ns"] = monotonic_ns()
