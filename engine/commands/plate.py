"""`mixeur plate SHOW`: look at the empty wall for two seconds, say whether it can be keyed, keep its clean plate."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.problems import MixeurError, did_you_mean

if TYPE_CHECKING:
    from engine.inputs.camera_capture import Capture
    from engine.show.model import Camera, Show
    from engine.vision.evenness import Evenness
    from engine.world import Floats, Pixels

SECONDS = 2.0
PATIENCE_S = 15.0  # for the camera's first picture
WARM_UP_S = 2.5  # until a local camera has locked its exposure
LEAST = 8  # pictures, however few a second there are
MAP = (32, 9)
VERDICTS = {
    "pass": "pass: it is lit evenly",
    "uneven": "uneven: it can be keyed, but light it to 2 : 1 for fine edges",
    "refuse": "refused: at more than 3.3 : 1 its dark part cannot be told from dark clothes; bring light there",
}


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("plate", help="take the clean plate of a blue or green wall, and judge its light")
    parser.add_argument("show", type=Path, help="show file; a local camera must not be in use by the running show")
    parser.add_argument("--camera", metavar="NAME", help="the one that sees the wall (the first real one with a key)")
    parser.add_argument("--empty", action="store_true", help="nobody is before the wall: do not ask")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help=f"how long ({SECONDS:g})")
    parser.add_argument("--marked", type=Path, metavar="FILE.png", help="write the wall with its worst area marked")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.add_argument("--no-save", action="store_true", help="only judge; leave the clean plate as it is")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, judge, keep; returns the exit code: 1 for a wall that is refused."""
    from engine.inputs.clean_plate import plate_path, write_plate
    from engine.kernel_cache import prepare_cache
    from engine.show.files import read_show
    from engine.vision.evenness import judge

    if args.marked is not None and args.marked.suffix.lower() != ".png":
        raise MixeurError(f"plate: --marked {args.marked}: is written as PNG; name it {args.marked.stem}.png")
    prepare_cache()
    show = read_show(args.show)
    camera = _chosen(show, args.camera)
    _ask(camera, args.empty)
    found = judge(_pictures(show, camera, args.seconds))
    if args.marked is not None:
        write_plate(args.marked, found.marked())
    path = None if args.no_save or found.verdict == "refuse" else plate_path(show.folder, camera.name)
    if path is not None:
        write_plate(path, found.plate)
    if args.json:
        print(json.dumps(_figures(camera, found, path)))
    else:
        print("\n".join(_lines(camera, found, path)))
    return 1 if found.verdict == "refuse" else 0


def _chosen(show: Show, name: str | None) -> Camera:
    cameras = show.cameras
    if name is not None and name not in cameras:
        known = ", ".join(cameras) or "none"
        raise MixeurError(f"plate: no camera '{name}'{did_you_mean(name, cameras)}; known: {known}")
    real = [each for each in cameras.values() if each.source != "simulated" and name in (None, each.name)]
    if not real:
        what = "every camera of this show" if name is None else f"camera.{name}"
        raise MixeurError(f"plate: {what} is simulated; give [camera.NAME] a `source` in room.toml")
    keyed = [each for each in real if each.key != "none"]
    return (keyed or real)[0]


def _ask(camera: Camera, is_empty: bool) -> None:
    """Have it confirmed that nobody is in the picture, as it is kept."""
    if is_empty:
        return
    if not sys.stdin.isatty():
        raise MixeurError("plate: nobody may be before the wall, for its picture is kept; add --empty when it is so")
    print(f"camera.{camera.name} takes a picture of the wall, and it is kept: let nobody be in it, then press Enter",
          end=" ", flush=True)  # fmt: skip
    sys.stdin.readline()


def _pictures(show: Show, camera: Camera, seconds: float) -> Iterator[Pixels]:
    """Yield what the camera sees, in the size in which it is keyed."""
    from engine.clock import NS, monotonic_ns
    from engine.inputs.camera import open_source
    from engine.inputs.camera_capture import Capture, stale_s
    from engine.inputs.camera_picture import fitted

    capture = Capture(lambda within_s: open_source(camera, show.folder, within_s, camera.size), stale_s(camera.fps))
    begin_ns, first_ns, count = monotonic_ns(), 0, 0
    try:
        while True:
            shot, now_ns = capture.newest(0.1), monotonic_ns()
            if not first_ns and now_ns > begin_ns + round(PATIENCE_S * NS):
                raise MixeurError(f"camera.{camera.name}: {_why(capture)}")
            if shot is not None:
                first_ns = first_ns or shot.captured_ns
                if shot.captured_ns >= first_ns + round(WARM_UP_S * NS):
                    count += 1
                    yield fitted(shot.picture, camera.size)
            if first_ns and now_ns > first_ns + round((WARM_UP_S + seconds) * NS) and count >= LEAST:
                return
            if first_ns and now_ns > first_ns + round((WARM_UP_S + seconds + PATIENCE_S) * NS):
                raise MixeurError(f"camera.{camera.name}: {_why(capture)}")
    finally:
        capture.close()


def _why(capture: Capture) -> str:
    return capture.message or capture.note or "gives no pictures; is its cable loose?"


def _figures(camera: Camera, found: Evenness, path: Path | None) -> dict[str, object]:
    return {"camera": camera.name, "key": found.key, "ratio": round(found.ratio, 3), "verdict": found.verdict,
            "worst": [round(side, 3) for side in found.worst], "plate": None if path is None else str(path),
            "light": [[round(float(share), 2) for share in row] for row in found.light]}  # fmt: skip


def _lines(camera: Camera, found: Evenness, path: Path | None) -> Iterator[str]:
    from engine.vision.evenness import where

    left, top, wide, high = found.worst
    yield f"camera.{camera.name}: the wall is {found.key}, lit {found.ratio:.1f} : 1; {VERDICTS[found.verdict]}"
    yield from _map(found.light, found.worst)
    if found.verdict != "pass":
        yield f"darkest {where(left + wide / 2, top + high / 2)}: between the brackets"
    if camera.key == "none":
        yield f'it is not keyed yet: write key = "{found.key}" under [camera.{camera.name}]'
    if path is not None:
        yield f"saved {path}; a show that runs takes it up within a second"
    elif found.verdict == "refuse":
        yield "nothing is saved"


def _map(light: Floats, worst: tuple[float, float, float, float]) -> Iterator[str]:
    """Yield the light of the wall in tenths of the brightest, `.` where no wall is, the worst area in brackets."""
    import numpy as np

    (columns, rows), (left, top, wide, high) = MAP, worst
    tall = light.shape[0] // rows
    lit = light.reshape(rows, tall, columns)
    wall = lit > 0
    shares = np.where(wall.any(axis=1), lit.sum(axis=1) / np.maximum(wall.sum(axis=1), 1), 0)
    for y, row in enumerate(shares):
        cells = [" " + (f"{min(round(10 * share), 10):>2}" if share > 0 else " .") for share in row[::2]]
        if top - 0.5 / rows < (y + 0.5) / rows < top + high + 0.5 / rows:
            first, last = int(left * columns / 2), min(int((left + wide) * columns / 2 - 1e-6), columns // 2 - 1)
            cells[first] = "[" + cells[first][1:]
            cells[last] += "]"
        yield "  " + "".join(cells)
