"""`mixeur track VIDEO`: who walks where in a film of a fixed camera, as MOTChallenge rows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.problems import MixeurError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.vision.stature import Stature
    from engine.vision.still import StillScene
    from engine.vision.tracklets import Way
    from engine.world import Pixels

SAMPLES, MOST_MEMORY = 30, 400_000_000
SHORTEST_FRAMES = 8
FIRST_WIDTH, ANALYSED_TALL = 480, 50


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("track", help="find who walks where in a film of a fixed camera")
    parser.add_argument("video", type=Path, help="film of a camera that does not move")
    parser.add_argument("--mot", type=Path, metavar="OUT.txt",
                        help="write MOTChallenge rows: frame,id,left,top,width,height,conf,-1,-1,-1")
    parser.add_argument("--floor", type=Path, metavar="H.json",
                        help="3x3 homography from the picture's pixels to metres on the floor")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Track, write the rows, say what was found."""
    from engine.atomic import write_atomic
    from engine.kernel_cache import prepare_cache

    floor = read_floor(args.floor) if args.floor else None
    prepare_cache()
    fps, size, count, ways = follow(args.video)
    if args.mot:
        write_atomic(args.mot, mot_rows(ways))
    found = summary(fps, size, count, ways, floor)
    if args.json:
        print(json.dumps(found))
    else:
        print(f"{args.video}: {count} frames, {len(ways)} people, at most {found['most_at_once']} at once")
    return 0


def read_floor(path: Path) -> NDArray[np.float64]:
    """Return a homography from pixels to metres.

    Raises:
        MixeurError: The file holds none.
    """
    import numpy as np

    try:
        told = json.loads(path.read_text())
        matrix = np.array(told["homography"] if isinstance(told, dict) else told, np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"cannot be read as a homography ({error}); it must hold 3 rows of 3 numbers"
        raise MixeurError(f"{path}: {why}") from None
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise MixeurError(f"{path}: is no homography; it must hold 3 rows of 3 numbers that can be inverted")
    return matrix


def follow(video: Path) -> tuple[float, tuple[int, int], int, list[Way]]:
    """Return frames a second, (width, height), how many frames, and everybody's way.

    Two passes: the first learns the empty scene and how tall people look, the second follows them.

    Raises:
        MixeurError: It is no film, or too short to know what stands still in it.
    """
    import cv2

    from engine.vision.pursuit import Pursuit
    from engine.vision.still import StillScene
    from engine.vision.tracklets import Film

    cv2.setNumThreads(1)
    fps, samples, count = _sample(video)
    size = samples[0].shape[1], samples[0].shape[0]
    small = _size_at(size, min(1.0, FIRST_WIDTH / size[0]))
    shrunk = [_shrunk(picture, small) for picture in samples]
    stature, usual = _stature(StillScene(shrunk), shrunk)
    share = min(1.0, ANALYSED_TALL / usual * small[0] / size[0])
    stature = stature.scaled(size[0] / small[0])
    small = _size_at(size, share)
    scene = StillScene([_shrunk(picture, small) for picture in samples])
    pursuit = Pursuit(stature.scaled(share), fps)
    for number, picture in enumerate(_pictures(video), 1):
        if number > count:
            break
        seen = _shrunk(picture, small)
        pursuit.follow(number, scene.evidence(seen), seen)
    return fps, size, count, Film(stature, fps, size).ways(pursuit.tracklets(share), count)


def _size_at(size: tuple[int, int], share: float) -> tuple[int, int]:
    return max(16, round(size[0] * share)), max(16, round(size[1] * share))


def _shrunk(picture: Pixels, size: tuple[int, int]) -> Pixels:
    import cv2
    import numpy as np

    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def mot_rows(ways: list[Way]) -> str:
    """Return MOTChallenge rows, in order of frames."""
    rows = [(frame, way.id, *box, sure)
            for way in ways for frame, box, sure in zip(way.frames, way.boxes, way.sure, strict=True)]
    return "".join(f"{frame},{number},{left:.2f},{top:.2f},{width:.2f},{height:.2f},{sure:.3f},-1,-1,-1\n"
                   for frame, number, left, top, width, height, sure in sorted(rows))  # fmt: skip


def summary(fps: float, size: tuple[int, int], count: int, ways: list[Way],
            floor: NDArray[np.float64] | None) -> dict[str, Any]:  # fmt: skip
    """Return what `--json` prints; with a floor, each place is in metres too."""
    import cv2
    import numpy as np

    present: dict[int, int] = {}
    people = []
    for way in ways:
        for frame in way.frames:
            present[frame] = present.get(frame, 0) + 1
        feet = [(left + width / 2, top + height) for left, top, width, height in way.boxes]
        person: dict[str, Any] = {"id": way.id, "first": way.frames[0], "last": way.frames[-1],
                                  "boxes_px": [[round(v, 2) for v in box] for box in way.boxes]}
        if floor is not None:
            metres = cv2.perspectiveTransform(np.array(feet, np.float64)[None], floor)[0]
            person["floor_m"] = [[round(float(v), 3) for v in place] for place in metres]
        people.append(person)
    return {"frames": count, "fps": fps, "size": list(size), "people": people,
            "most_at_once": max(present.values(), default=0)}


def _sample(video: Path) -> tuple[float, list[Pixels], int]:
    """Return frames a second, pictures spread over the film, and how many it has."""
    kept: list[Pixels] = []
    step, count = 1, 0
    for picture in _pictures(video):
        if kept and picture.shape != kept[0].shape:
            raise MixeurError(f"{video}: the picture changes its size at frame {count + 1}; cut the film there")
        most = max(16, min(SAMPLES, MOST_MEMORY // (picture.nbytes * 6)))
        if count % step == 0:
            kept.append(picture)
        if len(kept) > 2 * most:
            kept, step = kept[::2], step * 2
        count += 1
    if count < SHORTEST_FRAMES:
        raise MixeurError(f"{video}: has {count} pictures that can be read; at least {SHORTEST_FRAMES} are needed to "
                          "know what stands still")  # fmt: skip
    return _rate(video), kept, count


def _stature(scene: StillScene, samples: list[Pixels]) -> tuple[Stature, float]:
    """Return how tall people look at each row, and usually."""
    import cv2
    import numpy as np

    from engine.vision.stature import learn_stature

    height, width = samples[0].shape[:2]
    boxes = []
    for picture in samples:
        mask = (scene.evidence(picture) > 0.15).astype(np.uint8)
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 3), np.uint8))
        contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            left, top, wide, tall = cv2.boundingRect(contour)
            inside = left > 2 and top > 2 and left + wide < width - 2 and top + tall < height - 2
            is_upright = 1.7 < tall / wide < 4.5 and tall > height / 25
            if inside and is_upright and cv2.contourArea(contour) > 0.35 * wide * tall:
                boxes.append((float(left), float(top), float(wide), float(tall)))
    stature = learn_stature(boxes, height)
    return stature, float(np.median([stature.at(box[1] + box[3]) for box in boxes])) if boxes else height / 5


def _pictures(video: Path) -> Iterator[Pixels]:
    """Yield the pictures of a film, BGR, as far as it can be read."""
    import av
    import numpy as np

    if not video.is_file():
        raise MixeurError(f"{video}: there is no such file")
    number = 0
    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise MixeurError(f"{video}: holds no moving pictures")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                number += 1
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except (av.FFmpegError, OSError, ValueError) as error:
        if not number:
            raise MixeurError(f"{video}: is not a film that can be read ({error})") from None


def _rate(video: Path) -> float:
    import av

    with av.open(str(video)) as container:
        return min(max(float(container.streams.video[0].average_rate or 25), 1.0), 240.0)
