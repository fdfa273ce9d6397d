"""A camera in a thread with a block of its own, and what its reader sees."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from engine.clock import NS, monotonic_ns, sleep_s
from engine.fake.camera import SimulatedCamera
from engine.fake.mjpeg import encode
from engine.fake.visitors import Visitors
from engine.inputs.camera_link import CameraLink, camera_block_size
from engine.inputs.camera_process import run_camera
from engine.show.model import Camera
from engine.supervise.memory import Block


@contextmanager
def running(camera: Camera) -> Iterator[CameraLink]:
    """Run a camera's loop beside the test, and stop it at the end."""
    block, ending = Block.private(camera_block_size(camera)), threading.Event()
    thread = threading.Thread(target=run_camera, args=(camera, block, ending.is_set))
    thread.start()
    try:
        yield CameraLink(camera, block)
    finally:
        ending.set()
        thread.join(3)
        assert not thread.is_alive(), "a camera must end within a second"


def wait_for(link: CameraLink, wanted: Callable[[], bool], within_s: float) -> float:
    """Poll as a loop does until something holds; return the seconds it took."""
    start_ns = monotonic_ns()
    while not wanted():
        assert monotonic_ns() - start_ns < within_s * NS, f"not within {within_s} s: {link.status}"
        link.poll(monotonic_ns())
        sleep_s(1 / 60)
    return (monotonic_ns() - start_ns) / NS


def state(link: CameraLink) -> str:
    return link.poll(monotonic_ns())[0].state


def film(seconds: float = 3.0, size: tuple[int, int] = (640, 360), fps: int = 30) -> list[bytes]:
    """Return the JPEGs of simulated visitors before a blue wall."""
    fake = SimulatedCamera(Visitors(1, 16 / 9), size, "blue")
    return encode([np.ascontiguousarray(fake.picture(3 + n / fps)) for n in range(round(seconds * fps))])
