"""A camera that goes and comes a hundred times leaves nothing behind, and is back as fast as the first time (R3)."""

import gc
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.clock import monotonic_ns
from engine.fake.mjpeg import MjpegServer
from engine.show.model import Camera
from tests.system.camera_rig import film, running, state, wait_for

pytestmark = pytest.mark.soak
CYCLES = int(os.environ.get("SOAK_CYCLES", "100"))
WAYS = ("stall", "reset", "mute", "frozen", "close")


def held() -> tuple[int, int]:
    """Return how many threads and how many open files this process has."""
    gc.collect()
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_r3_a_hundred_losses_leave_no_thread_and_no_file_behind() -> None:
    jpegs, founds_s, backs_s, counts = film(2.0, (160, 90), 15), [], [], []
    server = MjpegServer(jpegs, fps=15).start()
    with running(Camera(name="room", source=server.url, size=(160, 90), key="blue")) as link:
        for cycle in range(CYCLES):
            wait_for(link, lambda: state(link) == "live", 20)
            counts.append(held())
            way = WAYS[cycle % len(WAYS)]
            server.is_stalled, server.is_frozen = way == "stall", way == "frozen"
            server.fault = way if way in ("reset", "mute") else ""
            if way == "close":
                server.close()
            founds_s.append(wait_for(link, lambda: state(link) != "live", 5))
            server.is_stalled, server.is_frozen, server.fault = False, False, ""
            if way == "close":
                server = MjpegServer(jpegs, fps=15, port=server.port).start()
            backs_s.append(wait_for(link, lambda: state(link) == "live", 20))
        link.poll(monotonic_ns())
    server.close()
    for name, found_s in (("found", founds_s), ("back", backs_s)):
        print(name, {part: round(float(np.percentile(found_s, part)), 2) for part in (50, 95, 100)})
    print(f"threads and files {counts[5]} .. {counts[-1]}")
    assert counts[-1][0] <= counts[5][0] + 2 and counts[-1][1] <= counts[5][1] + 3
    assert np.percentile(founds_s, 95) <= 1.05 and np.percentile(backs_s, 95) <= 2.0
