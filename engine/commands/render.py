"""`mixeur render SHOW`: the show offline, as pictures or film and WAV; the same for one seed, bit for bit."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.kernel_cache import prepare_cache

if TYPE_CHECKING:
    from engine.show.model import Show
    from engine.testing.rehearsal import Rehearsal

Pixels = NDArray[np.uint8]
Write = Callable[[int, Pixels], None]


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("render", help="the show offline, the same each time, as pictures or film and WAV")
    parser.add_argument("show", type=Path, help="a show file, a folder that holds one, or a scene")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="S")
    parser.add_argument("--seed", type=int, default=1, metavar="K")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if it is not there")
    parser.add_argument("--film", action="store_true", help="write film.mp4, with its sound, instead of PNGs")
    parser.add_argument("--sheet", type=int, metavar="N", help="write N of its pictures side by side, as sheet.png")
    parser.add_argument("--tour", action="store_true", help="play each scene once, all as long, in those seconds")
    parser.add_argument("--visitors", type=int, default=2, metavar="N", help="how many walk about; hands touch as well")
    parser.add_argument("--height", type=int, metavar="PX", help="draw it so high instead of as the show says")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="write every Nth frame (all are hashed)")
    parser.add_argument("--threads", type=int, default=1, metavar="T", help="threads that mix a frame")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Render, then print one sha256 of all frames and one of the sound."""
    prepare_cache()
    from engine.safety.flash_guard import FlashGuard
    from engine.testing.film import Sheet
    from engine.testing.rehearsal import rehearse
    from engine.testing.tour import hands

    show, acts = hands(_asked(args), args.seconds, args.seed)
    rehearsal = rehearse(show, args.seconds, seed=args.seed, script=acts, visitors=args.visitors, threads=args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    write, close = _film(args, rehearsal) if args.film else _pictures(args.out)
    sheet = Sheet(rehearsal.clock.frames or 0, args.sheet) if args.sheet else None
    digest, guard = hashlib.sha256(), FlashGuard("rgba", rehearsal.show.flashes.most_per_s)
    for moment in rehearsal.frames():
        shown = guard.apply(moment.stage.copy(), moment.tick.time)
        digest.update(shown.data)
        if sheet:
            sheet.look(moment.tick.frame, shown)
        if moment.tick.frame % args.every == 0 and (args.film or not sheet):
            write(moment.tick.frame, shown)
    close()
    if sheet:
        (args.out / "sheet.png").write_bytes(sheet.png())
    rehearsal.sound.write_wav(args.out / "sound.wav")
    for problem in rehearsal.director.problems:
        print(problem)
    print(f"frames {digest.hexdigest()}")
    print(f"sound  {rehearsal.sound.sha256()}")
    return 0


def _asked(args: argparse.Namespace) -> Show:
    """Return the show, furnished, as high and as short as it is asked for."""
    from engine.show.files import read_show
    from engine.show.furnish import furnish
    from engine.testing.tour import tour

    show = furnish(read_show(args.show, simulate=True))
    if args.height:
        show = replace(show, stage=replace(show.stage, height_px=args.height))
    return tour(show, args.seconds) if args.tour else show


def _pictures(folder: Path) -> tuple[Write, Callable[[], None]]:
    import cv2

    def write(frame: int, stage: Pixels) -> None:
        done, packed = cv2.imencode(".png", cv2.cvtColor(stage, cv2.COLOR_RGBA2BGR))
        if done:
            (folder / f"frame_{frame:06d}.png").write_bytes(packed.tobytes())

    return write, lambda: None


def _film(args: argparse.Namespace, rehearsal: Rehearsal) -> tuple[Write, Callable[[], None]]:
    from engine.testing.film import Film

    sound, fps = rehearsal.sound, Fraction(rehearsal.clock.fps).limit_denominator(1001)
    film = Film(args.out / "film.mp4", rehearsal.show.stage.size_px, fps / args.every, sound.rate,
                sound.samples.shape[1])
    played = 0

    def write(frame: int, stage: Pixels) -> None:
        nonlocal played
        film.show(stage)
        if frame % round(fps) < args.every:
            film.play(sound.samples[played:])
            played = len(sound.samples)

    def close() -> None:
        film.play(sound.samples[played:])
        film.close()

    return write, close
