"""Where pictures come from: local cameras, files and image sequences (the only user of `cv2.VideoCapture`), the
network."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns, sleep_s
from engine.inputs.camera_http import OPENING_S, open_url
from engine.inputs.camera_picture import is_filled_in
from engine.inputs.camera_source import Source, SourceLost
from engine.show.model import Camera
from engine.world import Pixels

SYSFS = Path("/sys/class/video4linux")
WARM_UP_S = 2.0


class DeviceSource:
    """A local camera; exposure, white balance and focus are locked after warming up, where the driver lets us.

    Attributes:
        faults: What could not be set, for a person to read.
    """

    skipped = 0
    may_repeat = False

    def __init__(self, camera: Camera, number: int) -> None:
        self.truncated = 0
        self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if SYSFS.is_dir() else cv2.CAP_ANY)
        if not self._capture.isOpened():
            raise SourceLost(f"camera {number} does not open; is it plugged in and free? mixeur devices lists them")
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera.size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.size[1])
        self._capture.set(cv2.CAP_PROP_FPS, camera.fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._lock_at_ns = monotonic_ns() + round(WARM_UP_S * NS) if camera.lock else None
        self.faults: tuple[str, ...] = ()

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return the next picture, None for one that is not whole; blocks as long as the driver does."""
        is_good, picture = self._capture.read()
        arrived_ns = monotonic_ns()
        if not is_good:
            raise SourceLost("it gives no more pictures; was it unplugged?")
        if self._lock_at_ns is not None and arrived_ns > self._lock_at_ns:
            self._lock_at_ns = None
            self.faults = tuple(self._lock())
        if is_filled_in(np.asarray(picture)):  # a busy USB bus cuts pictures short
            self.truncated += 1
            return None
        return np.asarray(picture, np.uint8), arrived_ns

    def close(self) -> None:
        """Give the device back."""
        self._capture.release()

    def _lock(self) -> list[str]:
        """Hold what the automatics chose; return what the driver did not do."""
        capture, faults = self._capture, []
        for what, auto, off, value in (
            ("exposure", cv2.CAP_PROP_AUTO_EXPOSURE, 1, cv2.CAP_PROP_EXPOSURE),
            ("white balance", cv2.CAP_PROP_AUTO_WB, 0, cv2.CAP_PROP_WB_TEMPERATURE),
            ("focus", cv2.CAP_PROP_AUTOFOCUS, 0, cv2.CAP_PROP_FOCUS),
        ):
            chosen = capture.get(value)
            capture.set(auto, off)
            capture.set(value, chosen)
            if capture.get(auto) != off:  # set() often says yes and does nothing
                faults.append(what)
        return faults


class FileSource:
    """A film or an image sequence (`frames/%04d.png`), at its own pace, again and again."""

    truncated = skipped = 0
    may_repeat = True

    def __init__(self, camera: Camera, path: Path) -> None:
        self._path = path
        is_sequence = "%" in path.name
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_IMAGES if is_sequence else cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceLost(f"{path} does not open; is it there, and a film or pictures?")
        fps = camera.fps if is_sequence else self._capture.get(cv2.CAP_PROP_FPS) or camera.fps
        self._step_ns = round(NS / min(max(fps, 1.0), 240.0))
        self._due_ns = monotonic_ns()

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return the next picture when it is due."""
        is_good, picture = self._capture.read()
        if not is_good:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            is_good, picture = self._capture.read()
            if not is_good:
                raise SourceLost(f"{self._path} has no pictures; is the file whole?")
        sleep_s(max(0.0, (self._due_ns - monotonic_ns()) / NS))
        arrived_ns = monotonic_ns()
        self._due_ns = max(self._due_ns, arrived_ns - self._step_ns) + self._step_ns
        return np.asarray(picture, np.uint8), arrived_ns

    def close(self) -> None:
        """Give the file back."""
        self._capture.release()


def open_source(camera: Camera, folder: Path = Path(), within_s: float = OPENING_S,
                wanted: tuple[int, int] | None = None) -> Source:  # fmt: skip
    """Open a camera's source.

    Args:
        folder: What relative files are relative to.
        within_s: How long a camera on the network may take to answer.
        wanted: (width, height) that is enough, where making pictures smaller saves time; None: as large as they are.

    Raises:
        SourceLost: It is not there or does not answer.
    """
    source = camera.source
    if len(urlsplit(source).scheme) > 1 and "://" in source:
        return open_url(source, within_s, wanted)
    number = device_number(source)
    if number is not None:
        return DeviceSource(camera, number)
    path = folder / source
    if "%" in path.name or path.exists():
        return FileSource(camera, path)
    raise SourceLost(f"no camera or file '{source}'; is it plugged in? mixeur devices lists the cameras")


def device_number(source: str, sysfs: Path = SYSFS) -> int | None:
    """Return the number of the local camera that is called so (a number, or part of its name), or None."""
    if source.isdecimal():
        return int(source)
    for number, name in local_cameras(sysfs):
        if source.lower() in name.lower():
            return number
    return None


def local_cameras(sysfs: Path = SYSFS) -> list[tuple[int, str]]:
    """Return number and name of every local camera (Linux)."""
    found = []
    for folder in sysfs.glob("video*"):
        index, name = folder / "index", folder / "name"
        # A webcam has a second node for metadata only; its index is 1.
        if name.is_file() and (not index.is_file() or index.read_text().strip() == "0"):
            found.append((int(folder.name.removeprefix("video")), name.read_text().strip()))
    return sorted(found)
