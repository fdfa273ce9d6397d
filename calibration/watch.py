"""The drift watch: a service of the running show that looks whether each projector still stands as it was."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.check import linear
from calibration.colour import LUMINANCE
from calibration.drift import Drift, Floats, Outlook, Shown, drifts
from calibration.drift_track import KEPT, Estimate, alerts, estimate_of, mendable, mended
from calibration.outlook import outlook_of
from engine.assembly import profile_path
from engine.atomic import append_line
from engine.clock import NS
from engine.inputs.camera_glimpse import Glimpse
from engine.problems import MixeurError
from engine.services import Looker, Say, Service, Wall
from engine.show.model import Show
from engine.show.profile import Profile, read_profile

Pixels = NDArray[np.uint8]
EVERY_S, LEAD_S, PATIENCE_S = 20.0, 0.3, 0.8  # between glimpses; recorded before one; waited for it
BEFORE_S, AFTER_S = 0.06, 0.03  # around the moment that a camera saw: what must stand still, where its delay is known
HALVINGS, NOTED_S = 2, 0.03  # of frames before they are kept; least time between two
RESTLESS = 8  # numbers of 255 by which a place may change and stand still
NICE = 10
LOG, HEAD = Path(".mixeur") / "drift.csv", "time,projector,right_px,down_px,sigma_px,why"


def begin(show: Show, cameras: Mapping[str, Looker], say: Say, wall: Wall) -> Service | None:
    """Return the watch of a show, or None where no projector was scanned by one of its cameras."""
    sights = Sights({name: profile_path(show, projector) for name, projector in show.projectors.items()})
    sights.read()
    own = {name: camera for name, camera in cameras.items() if sights.outlooks(name)}
    if show.simulated or not own:
        return None
    return DriftWatch(own, sights.watched, show.folder / LOG, say, wall, ThreadPoolExecutor(1, "drift", _step_back))


@dataclass(frozen=True)
class Shot:
    """The projectors' pictures at a moment, BGRX, made small."""

    time_ns: int
    frames: Mapping[str, Pixels]


class DriftWatch:
    """Asks a camera for a glimpse, notes what is shown meanwhile, and has both compared beside the loop.

    Args:
        cameras: Of the show.
        profiles: Of the watched projectors, by name.
        log: Gets a line for each projector and glimpse.
        worker: Runs what takes long; closed at the end.
    """

    def __init__(self, cameras: Mapping[str, Looker], profiles: Mapping[str, Path], log: Path, say: Say, wall: Wall,
                 worker: Executor) -> None:
        self._cameras, self._say, self._worker, self._wall, self._log = cameras, say, worker, wall, log
        self._sights = Sights(profiles)
        self._known: dict[str, deque[Drift]] = {name: deque(maxlen=4 * KEPT) for name in profiles}
        self._shots: list[Shot] = []
        self._turn, self._next_ns, self._began_ns, self._asked = 0, 0, 0, ""
        self._job: Future[None] | None = None
        self._told: dict[str, str] = {}
        self._was_open = False

    @property
    def words(self) -> tuple[str, ...]:
        """Return the drifts that are worth a word."""
        return tuple(f"DRIFT {name} {each.far_px:.1f} px" for name, each in self.estimates().items() if each.is_drift)

    def estimates(self) -> dict[str, Estimate]:
        """Return what is known of each projector."""
        found = {name: estimate_of(list(known)) for name, known in self._known.items()}
        return {name: each for name, each in found.items() if each is not None}

    def step(self, frames: Mapping[str, Pixels], is_open: bool, now_ns: int) -> None:
        """Take what is shown now; see `Service`."""
        if self._job is not None:
            if not self._job.done():
                return
            job, self._job = self._job, None
            job.result()
        if not is_open:
            if self._was_open:
                self._job = self._worker.submit(self._mend)
            self._was_open, self._shots, self._asked = False, [], ""
            return
        self._was_open = True
        if now_ns < self._next_ns or not self._cameras:
            return
        self._note(frames, now_ns)

    def close(self) -> None:
        """End the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _note(self, frames: Mapping[str, Pixels], now_ns: int) -> None:
        """Note a frame, and go on: begin, ask, take the glimpse, or give up."""
        if not self._shots:
            self._began_ns = now_ns
        if not self._shots or now_ns - self._shots[-1].time_ns >= NOTED_S * NS:
            small = {name: _small(frame) for name, frame in frames.items() if name in self._known}
            self._shots.append(Shot(now_ns, small))
        waited_s = (now_ns - self._began_ns) / NS
        if not self._asked and waited_s >= LEAD_S:
            self._asked = list(self._cameras)[self._turn % len(self._cameras)]
            self._turn += 1
            self._cameras[self._asked].ask()
        elif self._asked and (glimpse := self._cameras[self._asked].glimpse()) is not None:
            self._job = self._worker.submit(self._compare, self._asked, glimpse, self._shots)
            self._rest(now_ns)
        elif waited_s > PATIENCE_S:
            self._rest(now_ns)

    def _rest(self, now_ns: int) -> None:
        self._shots, self._asked, self._next_ns = [], "", now_ns + round(EVERY_S * NS)

    def _compare(self, camera: str, glimpse: Glimpse, shots: Sequence[Shot]) -> None:
        """Work out the drifts of a camera's projectors, note them and tell them. In the worker."""
        self._sights.read()
        outlooks = self._sights.outlooks(camera)
        profiles = {name: self._sights.profiles[name] for name in outlooks}
        if not outlooks or any(name not in shot.frames for shot in shots for name in outlooks):
            return
        shown = {name: shown_of(name, profile, shots, glimpse.captured_ns) for name, profile in profiles.items()}
        seen = light_of(glimpse, next(iter(profiles.values())), next(iter(outlooks.values())))
        for name, drift in drifts(outlooks, shown, seen).items():
            self._known[name].append(drift)
            where = f"{drift.x_px:.3f},{drift.y_px:.3f},{drift.sigma_px:.3f}" if drift.is_known else ",,"
            with suppress(OSError):
                append_line(self._log, f"{self._wall():%Y-%m-%d %H:%M:%S},{name},{where},{drift.why}", HEAD)
        self._tell(alerts({name: each for name, each in self.estimates().items() if name in outlooks}, outlooks))

    def _tell(self, lines: Mapping[str, str]) -> None:
        for name, line in lines.items():
            if name not in self._told:
                self._say(f"projector.{name}: {line}")
        self._told = dict(lines)

    def _mend(self) -> None:
        """Make small drifts good, now that nobody is there. In the worker."""
        from calibration.history import History  # SciPy, which no visitor need wait for

        self._sights.read()
        estimates = self.estimates()
        for camera in self._cameras:
            outlooks = self._sights.outlooks(camera)
            own = {name: each for name, each in estimates.items() if name in outlooks}
            for name, drift in mendable(own, outlooks).items():
                path = self._sights.paths[name]
                after = mended(self._sights.profiles[name], drift)
                History(path.parent).keep("drift", f"{self._wall():%Y-%m-%d %H:%M}", {name: after}, {})
                self._known[name].clear()
                self._say(f"projector.{name}: a drift of {drift.far_px:.1f} px is made good; `mixeur calibrate undo` "
                          "takes it back")


class Sights:
    """The profiles of watched projectors and their outlooks, read again when the files change."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths, self.profiles = paths, dict[str, Profile]()
        self._outlooks: dict[str, Outlook] = {}
        self._read_ns: dict[str, int] = {}

    @property
    def watched(self) -> dict[str, Path]:
        """Return the files of those that have an outlook."""
        return {name: self.paths[name] for name in self._outlooks}

    def read(self) -> None:
        """Look at the files; one that is broken or not there is left out."""
        for name, path in self.paths.items():
            try:
                changed_ns = path.stat().st_mtime_ns
                if self._read_ns.get(name) == changed_ns:
                    continue
                self._read_ns[name] = changed_ns
                self.profiles[name] = read_profile(path)
                self._outlooks[name] = outlook_of(self.profiles[name])
            except (OSError, MixeurError):
                self._outlooks.pop(name, None)

    def outlooks(self, camera: str) -> dict[str, Outlook]:
        """Return how a camera saw its projectors; all of one size, that of the first."""
        own = {name: each for name, each in self._outlooks.items()
               if (watch := self.profiles[name].watch) is not None and watch.camera == camera}
        shapes = {each.white.shape for each in own.values()}
        return own if len(shapes) == 1 else {}


def shown_of(name: str, profile: Profile, shots: Sequence[Shot], captured_ns: int) -> Shown:
    """Return a projector's light while a camera looked, and where it did not stand still."""
    late = profile.latency
    watch = profile.watch
    if watch is not None and late.camera == watch.camera:
        moment_ns = captured_ns - round(late.p50_ms * NS / 1000)
        near = [shot for shot in shots if -BEFORE_S <= (shot.time_ns - moment_ns) / NS <= AFTER_S]
    else:
        near = []
    frames = np.stack([shot.frames[name][..., :3] for shot in near or shots])
    restless = (frames.max(0) - frames.min(0)).max(2) > RESTLESS
    return Shown(_light(frames[len(frames) // 2], profile), restless)


def light_of(glimpse: Glimpse, profile: Profile, outlook: Outlook) -> Floats:
    """Return what a camera saw as light, in the size of its outlook."""
    assert profile.watch is not None
    light = linear(glimpse.picture, profile.watch.camera_gamma) / np.float32(255)
    return np.asarray(cv2.resize(light, outlook.white.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _light(frame: Pixels, profile: Profile) -> Floats:
    """Return a frame (BGR) as light, 0..1."""
    signal = np.arange(256) / 255
    response = profile.light.response if profile.light is not None else None
    curves = [np.interp(signal, np.linspace(0, 1, len(row)), row) for row in response] if response else \
        [signal ** profile.gamma] * 3
    parts = [cv2.LUT(frame[..., 2 - channel], (LUMINANCE[channel] * curve).astype(np.float32))
             for channel, curve in enumerate(curves)]
    return np.asarray(parts[0] + parts[1] + parts[2], np.float32)


def _small(frame: Pixels) -> Pixels:
    for _ in range(HALVINGS):  # 0.8 ms for 1080p; a fourth at once takes 7
        size = (max(frame.shape[1] // 2, 16), max(frame.shape[0] // 2, 16))
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    return frame


def _step_back() -> None:
    """Let this thread give way to the show (Linux knows a niceness for each)."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
