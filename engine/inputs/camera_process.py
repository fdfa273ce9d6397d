"""The process of one camera: newest picture in; matte out at once, then who is where."""

from __future__ import annotations

import os
import signal
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.camera import SimulatedCamera, fake_room
from engine.fake.visitors import Guest, SimulatedPerson, Visitors
from engine.inputs.camera import Capture, Shot, Source, open_source
from engine.inputs.camera_link import STALE_S, STATES, CameraBlock, capture_size
from engine.show.model import Camera
from engine.supervise.memory import Block
from engine.vision.eye import Eye
from engine.world import CameraState, Pixels

WAIT_S = 0.1
STUCK = 3


def main(plan: dict[str, Any]) -> NoReturn:
    """Run a camera until it is told to stop or its parent is gone; never returns.

    Args:
        plan: `camera` (fields of `Camera`), `block` (handle), `parent` (process id), `aspect` of the stage, and
            `folder` for relative files.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    cv2.setNumThreads(1)  # measured: a second thread makes it later, not sooner, on a busy small machine
    camera, block, folder = camera_of(plan["camera"]), Block.attach(plan["block"]), Path(plan["folder"])
    code = run_camera(camera, block, lambda: stop.is_set() or os.getppid() != plan["parent"], folder, plan["aspect"])
    os._exit(code)  # a driver may hold the capture thread for ever, and the interpreter's own end takes a second


def camera_of(fields: dict[str, Any]) -> Camera:
    """Return a camera from what JSON made of its fields."""
    corners = fields.get("corners")
    corners = None if corners is None else tuple((float(x), float(y)) for x, y in corners)
    return Camera(**{**fields, "size": (int(fields["size"][0]), int(fields["size"][1])), "corners": corners})


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
    shared = CameraBlock(camera, block)
    header, code = shared.header[0], 0
    while not code and not should_stop():
        chosen = replace(camera, source=shared.wanted or camera.source, size=capture_size(camera))
        if shared.wanted and camera.source == "simulated":
            chosen = replace(chosen, key="none")  # who rehearses at home has no coloured wall
        code = _watch(chosen, shared, should_stop, folder, aspect)
    header["state"] = STATES.index("lost")
    return code


def _watch(camera: Camera, shared: CameraBlock, should_stop: Callable[[], bool], folder: Path, aspect: float) -> int:
    """Look at one source until told to stop or to look at another."""
    header = shared.header[0]
    asked = int(header["wishes"])
    header["message"] = b""
    eye = Eye(camera, first_id=max(1, int(header["next_id"])))
    capture = Capture(_opener(camera, shared, eye, aspect, folder))
    freshness = _Freshness()
    while not should_stop() and header["wishes"] == asked:
        shot = capture.newest(WAIT_S)
        if shot is not None and freshness.is_new(shot):
            _look(eye, _fitted(shot.picture, camera.size), shot.captured_ns, shared)
        _report(shared, capture, freshness)
        if monotonic_ns() > capture.patience_ns:
            header["message"] = b"the camera's driver does not answer; the camera is started again"
            return STUCK
    return 0 if capture.close() else STUCK


def _opener(camera: Camera, shared: CameraBlock, eye: Eye, aspect: float, folder: Path) -> Callable[[], Source]:
    if camera.source != "simulated":
        return lambda: open_source(camera, folder)
    visitors = Visitors(zlib.crc32(camera.name.encode()), aspect)
    fake = SimulatedCamera(visitors, camera.size, fake_room(camera.key))
    eye.learn(fake.empty())
    return lambda: _SimulatedSource(fake, camera.fps, shared)


def _look(eye: Eye, picture: Pixels, captured_ns: int, shared: CameraBlock) -> None:
    header = shared.header[0]
    frame, start_ns = int(header["frames"]), monotonic_ns()
    matte = eye.key(picture)
    shared.publish_matte(matte, captured_ns, frame)
    header["key_us"] = (monotonic_ns() - start_ns) // 1000
    shared.publish_sighting(eye.track(picture, matte, captured_ns, frame))
    header["vision_us"] = (monotonic_ns() - start_ns) // 1000
    header["frames"], header["next_id"] = frame + 1, eye.next_id


def _fitted(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture that is no larger than the slots."""
    height, width = picture.shape[:2]
    shrink = min(1.0, size[0] / width, size[1] / height)
    if shrink == 1.0:
        return np.ascontiguousarray(picture)
    smaller = max(1, int(width * shrink)), max(1, int(height * shrink))
    return np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)


def _report(shared: CameraBlock, capture: Capture, freshness: _Freshness) -> None:
    header = shared.header[0]
    header["state"] = STATES.index(freshness.state(capture.open_ns, monotonic_ns()))
    header["dropped"], header["reopened"] = capture.dropped, capture.reopened
    header["truncated"], header["repeated"] = capture.truncated, freshness.repeated
    header["message"] = capture.message.encode()[:240]
    header["heartbeat_ns"] = monotonic_ns()


class _Freshness:
    """Knows a frozen picture from a new one.

    Attributes:
        repeated: How many pictures were equal to the one before.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self._print = 0
        self._newest_ns: int | None = None

    def is_new(self, shot: Shot) -> bool:
        fingerprint = zlib.crc32(shot.picture[::4, ::4].tobytes())
        if self._newest_ns is not None and fingerprint == self._print:
            self.repeated += 1
            return False
        self._print, self._newest_ns = fingerprint, shot.captured_ns
        return True

    def state(self, open_ns: int, now_ns: int) -> CameraState:
        if self._newest_ns is None:
            return "lost"
        if now_ns - self._newest_ns < STALE_S * NS:
            return "live"
        return "stale" if now_ns - open_ns < STALE_S * NS else "lost"


class _SimulatedSource:
    """Simulated visitors at the camera's pace, with the mouse as a guest."""

    truncated = skipped = 0

    def __init__(self, fake: SimulatedCamera, fps: float, shared: CameraBlock) -> None:
        self._fake, self._step_ns, self._header = fake, round(NS / fps), shared.header[0]
        self._start_ns = self._due_ns = monotonic_ns()
        self._guest = Guest(fake.visitors.aspect)

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        sleep_s(max(0.0, (self._due_ns - monotonic_ns()) / NS))
        captured_ns = monotonic_ns()
        self._due_ns = max(self._due_ns, captured_ns - self._step_ns) + self._step_ns
        time = (captured_ns - self._start_ns) / NS
        return self._fake.picture(time, self._guest_at(time)), captured_ns

    def close(self) -> None:
        pass

    def _guest_at(self, time: float) -> SimulatedPerson | None:
        present, x, y = self._header["guest"].tolist()
        if not present:
            self._guest.leave()
            return None
        return self._guest.follow(time, x * self._fake.visitors.aspect, y)
