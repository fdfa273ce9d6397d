"""A camera in a process of its own, started as the supervisor starts it."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.clock import monotonic_ns
from engine.inputs.camera_link import CameraLink, camera_block_size
from engine.show.model import Camera
from engine.supervise.memory import Block
from tests.system.camera_rig import state, wait_for

pytestmark = pytest.mark.system


def test_simulated_visitors_and_the_guest_come_from_the_process_and_it_ends_when_told(tmp_path: Path) -> None:
    camera = Camera(name="room", key="blue", corners=((0, 0), (1, 0), (1, 1), (0, 1)))
    block = Block.create(camera_block_size(camera), "camera-room")
    plan = {"cameras": [dataclasses.asdict(camera)], "blocks": [block.handle], "parent": os.getpid(),
            "aspect": 2.0, "folder": str(tmp_path)}  # fmt: skip
    words = [sys.executable, "-P", "-m", "engine.supervise.child", "engine.inputs.camera_process", json.dumps(plan)]
    link = CameraLink(camera, block, aspect=2.0)
    with subprocess.Popen(words, pass_fds=block.descriptors) as process:
        link.guest(0.5, 0.9, True)
        wait_for(link, lambda: state(link) == "live", 60)
        wait_for(link, lambda: any(abs(p.foot_px[0] - 480) < 20 for p in link.poll(monotonic_ns())[0].people), 5)
        process.terminate()
        assert process.wait(1.0) == 0
    assert state(link) == "lost"
    link.close()
    block.close()
