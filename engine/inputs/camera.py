"""Where pictures come from: local cameras, files and image sequences (the only user of `cv2.VideoCapture`), the
network; and the thread that keeps only the newest of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np

from engine.clock import NS, monotonic_ns, sleep_s
from engine.inputs.camera_http import DEADLINE_S, SourceLost, open_url
from engine.show.model import Camera
from engine.world import Pixels

SYSFS = Path("/sys/class/video4linux")
WARM_UP_S = 2.0
PATIENT_AFTER_S = 60.0
QUICK_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
OPENING_S, READING_S = 15.0, 5.0


class Source(Protocol):
    """Something that gives pictures; lost sources raise `SourceLost` and are opened again."""

    truncated: int
    skipped: int

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return a picture, BGR, shape (height, width, 3), and its arrival (monotonic ns); None if there is none."""

    def close(self) -> None:
        """Give the device back."""


class DeviceSource:
    """A local camera; exposure, white balance and focus are locked after warming up, where the driver lets us.

    Attributes:
        faults: What could not be set, for a person to read.
    """

    truncated = skipped = 0

    def __init__(self, camera: Camera, number: int) -> None:
        self._camera = camera
        self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if SYSFS.is_dir() else cv2.CAP_ANY)
        if not self._capture.isOpened():
            raise SourceLost(f"camera.{camera.name}: camera {number} does not open; is it plugged in and free? "
                             "mixeur devices lists them")  # fmt: skip
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera.size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.size[1])
        self._capture.set(cv2.CAP_PROP_FPS, camera.fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._lock_at_ns = monotonic_ns() + round(WARM_UP_S * NS) if camera.lock else None
        self.faults: tuple[str, ...] = ()

    def read(self, timeout_s: float) -> tuple[Pixels, int] | None:
        """Return the next picture; blocks as long as the driver does."""
        is_good, picture = self._capture.read()
        arrived_ns = monotonic_ns()
        if not is_good:
            raise SourceLost(f"camera.{self._camera.name}: no more pictures; was it unplugged?")
        if self._lock_at_ns is not None and arrived_ns > self._lock_at_ns:
            self._lock_at_ns = None
            self.faults = tuple(self._lock())
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

    def __init__(self, camera: Camera, path: Path) -> None:
        self._path, self._name = path, camera.name
        is_sequence = "%" in path.name
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_IMAGES if is_sequence else cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceLost(f"camera.{camera.name}: {path} does not open; is it there, and a film or pictures?")
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
                raise SourceLost(f"camera.{self._name}: {self._path} has no pictures; is the file whole?")
        sleep_s(max(0.0, (self._due_ns - monotonic_ns()) / NS))
        arrived_ns = monotonic_ns()
        self._due_ns = max(self._due_ns, arrived_ns - self._step_ns) + self._step_ns
        return np.asarray(picture, np.uint8), arrived_ns

    def close(self) -> None:
        """Give the file back."""
        self._capture.release()


def open_source(camera: Camera, folder: Path = Path()) -> Source:
    """Open a camera's source.

    Args:
        folder: What relative files are relative to.

    Raises:
        SourceLost: It is not there or does not answer.
    """
    source = camera.source
    if len(urlsplit(source).scheme) > 1 and "://" in source:
        return open_url(source)
    number = device_number(source)
    if number is not None:
        return DeviceSource(camera, number)
    path = folder / source
    if "%" in path.name or path.exists():
        return FileSource(camera, path)
    raise SourceLost(f"camera.{camera.name}: no camera or file '{source}'; mixeur devices lists the cameras")


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


def retry_s(lost_for_s: float, tries: int) -> float:
    """Return how long to wait before opening again: 0.5 s in the first minute, then 1, 2, 4 .. 30 s."""
    if lost_for_s < PATIENT_AFTER_S:
        return QUICK_RETRY_S
    return float(min(2.0 ** min(tries, 10), LONGEST_RETRY_S))


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture as it arrived: BGR, shape (height, width, 3), and its stamp."""

    picture: Pixels
    captured_ns: int


class Capture:
    """A thread that reads a source as fast as it gives, keeps only the newest picture, and opens it again when lost.

    Attributes:
        open_ns: When the source was last known to be there (monotonic), or 0.
        patience_ns: When whatever is under way should have come back (monotonic).
        dropped: Pictures that nobody took in time.
        reopened: How often the source came back.
        truncated: Pictures that were thrown away because they were not whole.
        message: The last fault, for a person to read; empty while all is well.
    """

    def __init__(self, open_it: Callable[[], Source]) -> None:
        self._open_it = open_it
        self._newest: Shot | None = None
        self._arrival = threading.Condition()
        self._ending = threading.Event()
        self._pictures = 0
        self.open_ns = self.dropped = self.reopened = self.truncated = 0
        self.message = ""
        self._expect_within(OPENING_S)
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def newest(self, timeout_s: float) -> Shot | None:
        """Take the newest picture, waiting for it at most `timeout_s`; None if there is no new one."""
        with self._arrival:
            if self._newest is None:
                self._arrival.wait(timeout_s)
            shot, self._newest = self._newest, None
            return shot

    def close(self, timeout_s: float = 0.5) -> bool:
        """Ask the thread to end; return whether it did (a driver can block for ever)."""
        self._ending.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        lost_ns, tries = monotonic_ns(), 0
        while not self._ending.is_set():
            before = self._pictures
            try:
                self._read_all()
            except SourceLost as error:
                self.message = str(error)
            except Exception as error:  # a driver may raise anything, and the show goes on
                self.message = f"{type(error).__name__}: {error}; the camera is opened again"
            if self._pictures > before:
                lost_ns, tries = monotonic_ns(), 0
            wait_s = retry_s((monotonic_ns() - lost_ns) / NS, tries)
            tries += wait_s != QUICK_RETRY_S
            self._expect_within(wait_s + OPENING_S)
            self._ending.wait(wait_s)

    def _read_all(self) -> None:
        """Open the source and read until it is lost."""
        self._expect_within(OPENING_S)
        source = self._open_it()
        self.open_ns = monotonic_ns()
        truncated, skipped, is_first = self.truncated, 0, True
        try:
            while not self._ending.is_set():
                self._expect_within(READING_S)
                read = source.read(DEADLINE_S)
                self.open_ns, self.truncated = monotonic_ns(), truncated + source.truncated
                self.dropped += source.skipped - skipped
                skipped = source.skipped
                if read is None:
                    continue
                self.reopened += is_first and self._pictures > 0
                is_first = False
                faults = getattr(source, "faults", ())
                self.message = f"not locked: {', '.join(faults)}; set it by hand (v4l2-ctl)" if faults else ""
                self._pictures += 1
                with self._arrival:
                    self.dropped += self._newest is not None
                    self._newest = Shot(*read)
                    self._arrival.notify()
        finally:
            source.close()

    def _expect_within(self, seconds: float) -> None:
        self.patience_ns = monotonic_ns() + round(seconds * NS)
