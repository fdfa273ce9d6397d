"""`mixeur measure-latency SHOW`: how late light follows a gesture, measured by the room's own camera."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.problems import MixeurError, did_you_mean

if TYPE_CHECKING:
    from engine.clock import Tick
    from engine.inputs.camera_capture import Capture, Shot
    from engine.latency import Latency
    from engine.show.model import Camera, Projector, Show

T = TypeVar("T")
SECONDS = 10.0
PATIENCE_S = 15.0  # for the camera's first picture
WARM_UP_S = 2.5  # until a local camera has locked its exposure


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("measure-latency", help="measure how late light follows a gesture, with the camera")
    parser.add_argument("show", type=Path, help="show file; the show itself must not be running")
    parser.add_argument("--projector", metavar="NAME", help="the one that shines (the first)")
    parser.add_argument("--camera", metavar="NAME", help="the one that looks (the first that is real)")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help=f"how long ({SECONDS:g})")
    parser.add_argument("--seed", type=int, default=1, help="of the code (1)")
    parser.add_argument("--json", metavar="FILE", help="write the figures; - prints them")
    parser.add_argument("--no-save", action="store_true", help="leave the projector's profile as it is")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print, and store the figures in the projector's profile."""
    from engine.atomic import write_atomic
    from engine.kernel_cache import prepare_cache
    from engine.show.files import read_show
    from engine.show.furnish import furnish

    prepare_cache()
    show = furnish(read_show(args.show))
    real = {name: camera for name, camera in show.cameras.items() if camera.source != "simulated"}
    if not real:
        raise MixeurError("measure-latency: every camera of this show is simulated; give [camera.NAME] a `source`")
    camera, projector = _chosen("camera", real, args.camera), _chosen("projector", show.projectors, args.projector)
    found = _measured(show, projector, camera, args.seconds, args.seed)
    figures = {"projector": projector.name, "camera": camera.name, **asdict(found)}
    if args.json == "-":
        print(json.dumps(figures, indent=2))
    else:
        print(f"{camera.name} -> {projector.name}: p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms "
              f"({found.pictures} pictures, likeness {found.likeness:.2f})")
        if args.json:
            write_atomic(Path(args.json), json.dumps(figures, indent=2) + "\n", keep_previous=False)
    if not args.no_save:
        _save(show, projector, camera.name, found)
    return 0


def _chosen(kind: str, known: Mapping[str, T], name: str | None) -> T:
    if name is None:
        return next(iter(known.values()))
    if name not in known:
        raise MixeurError(f"measure-latency: no {kind} '{name}'{did_you_mean(name, known)}; known: {', '.join(known)}")
    return known[name]


def _measured(show: Show, projector: Projector, camera: Camera, seconds: float, seed: int) -> Latency:
    """Return the latency; the code goes to the windows past the flash guard, as all light does."""
    import numpy as np

    from engine.assembly import stage_size
    from engine.clock import NS, RealClock, monotonic_ns
    from engine.guarded import GuardedScreens
    from engine.held_back import HeldBack
    from engine.inputs.camera import open_source
    from engine.inputs.camera_capture import Capture, stale_s
    from engine.latency import latency_of
    from engine.latency_probe import HZ, watch
    from engine.render.window import Windows
    from engine.safety.limits import MOST_FLASHES

    with ExitStack() as closing:
        capture = Capture(lambda within_s: open_source(camera, show.folder, within_s), stale_s(camera.fps))
        closing.callback(capture.close)
        windows = Windows(show.projectors, stage_size(show), title="latency")
        closing.callback(windows.close)
        if projector.name in windows.lost:
            raise MixeurError(f"projector.{projector.name}: {windows.lost[projector.name]}")
        guarded = GuardedScreens(windows, MOST_FLASHES, HeldBack(MOST_FLASHES, tuple, print))
        closing.callback(guarded.close)

        def shine(level: int, tick: Tick) -> None:
            frames = {name: np.full((height, width, 4), level * (name == projector.name), np.uint8)
                      for name, (width, height) in windows.sizes.items()}
            guarded.present(frames, monotonic_ns() / NS)
            guarded.poll(lambda *_: None)

        for tick in RealClock(10, round(10 * PATIENCE_S)).ticks():
            shine(0, tick)
            shot: Shot | None = capture.newest(0.0)
            if tick.time > WARM_UP_S and shot is not None:
                break
        else:
            raise MixeurError(f"camera.{camera.name}: {_why(capture)}")
        return latency_of(watch(RealClock(HZ), shine, lambda: capture.newest(0.0), seconds, seed))


def _why(capture: Capture) -> str:
    return capture.message or capture.note or "gives no pictures; is its cable loose?"


def _save(show: Show, projector: Projector, camera: str, found: Latency) -> None:
    from engine.assembly import profile_path
    from engine.show.profile import Delay, read_profile, write_profile

    path = profile_path(show, projector)
    if not path.exists():
        print(f"{projector.name} has no profile yet, so nothing is stored; calibrate it first")
        return
    late = Delay(camera=camera, p50_ms=round(max(found.p50_ms, 0.0), 2), p99_ms=round(max(found.p99_ms, 0.0), 2))
    write_profile(path, replace(read_profile(path), latency=late))
