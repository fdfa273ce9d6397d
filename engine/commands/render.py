"""`mixeur render SHOW`: the show offline, as pictures or film and WAV; the same for one seed, bit for bit."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.kernel_cache import prepare_cache

Pixels = NDArray[np.uint8]


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("render", help="the show offline, the same each time, as pictures or film and WAV")
    parser.add_argument("show", type=Path, help="a show file, a folder that holds one, or a scene")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S")
    parser.add_argument("--seed", type=int, default=1, metavar="K")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if it is not there")
    parser.add_argument("--film", action="store_true", help="write film.mp4 instead of one PNG a frame")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="write every Nth frame (all are hashed)")
    parser.add_argument("--threads", type=int, default=1, metavar="T", help="threads that mix a frame")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render, then print one sha256 of all frames and one of the sound."""
    prepare_cache()
    from engine.safety.flash_guard import FlashGuard
    from engine.testing.rehearsal import rehearse

    rehearsal = rehearse(args.show, args.seconds, seed=args.seed, threads=args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    write, close = _film(args.out / "film.mp4", rehearsal.clock.fps) if args.film else _pictures(args.out)
    digest, guard = hashlib.sha256(), FlashGuard("rgba", rehearsal.show.flashes.most_per_s)
    for moment in rehearsal.frames():
        shown = guard.apply(moment.stage.copy(), moment.tick.time)
        digest.update(shown.data)
        if moment.tick.frame % args.every == 0:
            write(moment.tick.frame, shown)
    close()
    rehearsal.sound.write_wav(args.out / "sound.wav")
    for problem in rehearsal.director.problems:
        print(problem)
    print(f"frames {digest.hexdigest()}")
    print(f"sound  {rehearsal.sound.sha256()}")
    return 0


Write = Callable[[int, Pixels], None]


def _pictures(folder: Path) -> tuple[Write, Callable[[], None]]:
    import cv2

    def write(frame: int, stage: Pixels) -> None:
        done, packed = cv2.imencode(".png", cv2.cvtColor(stage, cv2.COLOR_RGBA2BGR))
        if done:
            (folder / f"frame_{frame:06d}.png").write_bytes(packed.tobytes())

    return write, lambda: None


def _film(path: Path, fps: float) -> tuple[Write, Callable[[], None]]:
    import av

    container = av.open(str(path), "w")
    stream = container.add_stream("libx264", rate=round(fps), options={"crf": "16"})
    stream.pix_fmt = "yuv420p"

    def write(frame: int, stage: Pixels) -> None:
        stream.height, stream.width = stage.shape[:2]
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(stage[..., :3]), "rgb24")))

    def close() -> None:
        container.mux(stream.encode())
        container.close()

    return write, close
