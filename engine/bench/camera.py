"""How old a camera's picture is when the frame that shows it is rendered, beside a plain `VideoCapture.read()`."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from engine.bench.figure import Figure, Record
from engine.clock import NS, monotonic_ns, sleep_s
from engine.problems import MixeurError
from engine.world import Pixels

if TYPE_CHECKING:  # the camera's modules import numba, which must wait for its cache
    from engine.inputs.camera_link import CameraLink

FIGURES = (Figure("camera_age_ms_p95", "ms", "lower", 50.0),)
SIZE, CAMERA_FPS = (1280, 720), 30
CODES, BIT_PX = 128, 32
ROUNDS, ROUND_S = 2, 3.0
STAGE_FPS, SLOW_FPS = 60, 20
DRAWN_MS = 10.0
READY_S = 30.0
NOTHING = "no camera"

Look = Callable[[], int | None]
"""Returns the number of the newest picture, or None if there is no new one."""


def measure(names: Collection[str]) -> list[Record]:
    """Return the age of keyed pictures at the end of a 60 fps frame of 10 ms, and of plain reads in the same loop."""
    ages: dict[str, list[float]] = {}
    work = _work(DRAWN_MS)
    with served_by(__name__) as url, _camera(url) as link:
        eyes: dict[str, Callable[[], AbstractContextManager[Look]]] = {
            "mixeur": lambda: _ours(link), "cv2_read_unkeyed": lambda: _plain(url),
        }
        for fps, rounds, suffix in ((STAGE_FPS, ROUNDS, ""), (SLOW_FPS, 1, "_at_20_fps")):
            for _ in range(rounds):
                for name, eye in eyes.items():
                    with eye() as look:
                        ages.setdefault(name + suffix, []).extend(_ages_ms(look, fps, work))
    p95 = {name: float(np.percentile(found, 95)) for name, found in ages.items()}
    return [figure.record(p95.pop("mixeur"), p95) for figure in FIGURES if figure.name in names]


def _ages_ms(look: Look, fps: int, work: int) -> list[float]:
    """Run a loop of `fps` for a round; return how long after each new picture was sent its frame was done."""
    step_ns, ages = NS // CAMERA_FPS, []
    due_ns = monotonic_ns()
    end_ns = due_ns + round(ROUND_S * NS)
    while due_ns < end_ns:
        sleep_s(max(0, due_ns - monotonic_ns()) / NS)
        number = look()
        sum(range(work if fps == STAGE_FPS else work * STAGE_FPS // fps))
        now_ns = monotonic_ns()
        if number is not None:
            behind = (now_ns // step_ns - number) % CODES
            ages.append((now_ns - (now_ns // step_ns - behind) * step_ns) / 1e6)
        due_ns = max(due_ns + NS // fps, now_ns - NS // fps)
    if not ages:
        raise MixeurError("bench: the camera sent nothing; is the machine overloaded?")
    return ages


@contextmanager
def _camera(url: str) -> Iterator[CameraLink]:
    """Run a camera process, as the supervisor does."""
    from engine.inputs.camera_link import CameraLink, camera_block_size
    from engine.show.model import Camera
    from engine.supervise.memory import Block

    camera = Camera(name="bench", source=url, size=SIZE, key="blue")
    block = Block.create(camera_block_size(camera), "bench")
    plan = {"cameras": [dataclasses.asdict(camera)], "blocks": [block.handle], "parent": os.getpid(),
            "aspect": SIZE[0] / SIZE[1], "folder": "."}  # fmt: skip
    words = [sys.executable, "-P", "-m", "engine.supervise.child", "engine.inputs.camera_process", json.dumps(plan)]
    with subprocess.Popen(words, pass_fds=block.descriptors) as process:
        try:
            yield CameraLink(camera, block)
        finally:
            process.terminate()
    block.close()


@contextmanager
def _ours(link: CameraLink) -> Iterator[Look]:
    """Let the camera process look; it rests while the peer is measured."""
    link.use("")
    shown = start = link.status.frames
    _wait_until(lambda: link.poll(monotonic_ns())[1] is not None and link.status.frames > start + CAMERA_FPS // 2)

    def look() -> int | None:
        nonlocal shown
        matte = link.poll(monotonic_ns())[1]
        if matte is None or matte.frame == shown:
            return None
        shown = matte.frame
        return _read_code(matte.pixels)

    yield look
    link.use(NOTHING)


@contextmanager
def _plain(url: str) -> Iterator[Look]:
    import cv2

    capture = cv2.VideoCapture(url)

    def look() -> int | None:
        is_good, picture = capture.read()
        return _read_code(np.asarray(picture, np.uint8)) if is_good else None

    try:
        for _ in range(10):
            look()
        yield look
    finally:
        capture.release()


@contextmanager
def served_by(module: str) -> Iterator[str]:
    """Run a module as the process that is a camera, and yield the address that it prints."""
    with subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()


def _serve() -> None:
    from engine.fake.camera import SimulatedCamera
    from engine.fake.mjpeg import MjpegServer, encode
    from engine.fake.visitors import Visitors

    fake = SimulatedCamera(Visitors(1, SIZE[0] / SIZE[1]), SIZE, "blue")
    pictures = [fake.picture(4 + number / CAMERA_FPS) for number in range(CODES // 4)]
    coded = [_with_code(pictures[min(n % 64, 63 - n % 64)], n) for n in range(CODES)]  # there and back: no jump
    with MjpegServer(encode(coded), CAMERA_FPS) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


def _with_code(picture: Pixels, number: int) -> Pixels:
    """Return a copy with the number in its corner: black for 0, white for 1, the lowest bit first."""
    coded = picture.copy()
    for bit in range(CODES.bit_length() - 1):
        coded[:BIT_PX, bit * BIT_PX : (bit + 1) * BIT_PX] = 255 * (number >> bit & 1)
    return coded


def _read_code(picture: Pixels) -> int:
    middle = BIT_PX // 2
    return sum(int(picture[middle, bit * BIT_PX + middle, 1] > 127) << bit for bit in range(CODES.bit_length() - 1))


def _wait_until(ready: Callable[[], bool]) -> None:
    end_ns = monotonic_ns() + round(READY_S * NS)
    while not ready():
        if monotonic_ns() > end_ns:
            raise MixeurError("bench: the camera process shows nothing; does mixeur run play the sample show?")
        sleep_s(0.01)


def _work(milliseconds: float) -> int:
    """Return how far to count for so many milliseconds."""
    start_ns = monotonic_ns()
    sum(range(1_000_000))
    return round(1_000_000 * milliseconds * 1e6 / (monotonic_ns() - start_ns))


if __name__ == "__main__":
    _serve()
