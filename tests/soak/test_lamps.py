"""Lamps for longer, on a machine that does nothing else: how soon they follow a touch, and how evenly they are sent."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.clock import NS, monotonic_ns
from engine.light import artnet
from engine.light.levels import LampLevel
from engine.light.output import FPS, LampOutput
from engine.light.patch import Patch
from engine.show.model import Lamp
from tests.system.test_lamps_ola import TOOLS

pytestmark = pytest.mark.soak
UNIVERSES, SECONDS = 20, 30
TOUCHES = int(os.environ.get("SOAK_TOUCHES", "200"))


@pytest.mark.parametrize(("receiver", "limit_ms"), [("olad", 50), ("qlcplus", 100)])
def test_a_value_in_a_receiver_follows_a_touch(receiver: str, limit_ms: float, tmp_path: Path) -> None:
    if missing := [tool for tool in ("unshare", "ip", receiver, *TOOLS) if not shutil.which(tool)]:
        pytest.skip(f"needs {missing}")
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.name.startswith("pytest-"):
            folder.chmod(0o755)  # olad is another user
    peer = [sys.executable, "-P", "-m", "tests.system.touch_peer", receiver, str(tmp_path), str(TOUCHES)]
    ran = subprocess.run(["unshare", "-n", *peer], text=True, timeout=280, check=False, capture_output=True,
                         cwd=Path(__file__).parents[2])
    assert ran.returncode == 0, ran.stderr[-2000:]
    for name, late_ms in json.loads(ran.stdout).items():
        print(receiver, name, {part: round(float(np.percentile(late_ms, part)), 1) for part in (50, 95, 100)})
        assert len(late_ms) == TOUCHES // 2 and np.percentile(late_ms, 95) <= limit_ms


def test_twenty_universes_are_sent_forty_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        node.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        node.settimeout(20)
        monkeypatch.setattr(artnet, "PORT", node.getsockname()[1])
        lamps = {f"l{i}": Lamp(name=f"l{i}", fixture="rgb", pixels=(170, 1), address=f"artnet:127.0.0.1/{i}/1")
                 for i in range(UNIVERSES)}
        output = LampOutput(lamps, Patch(lamps, Path()), 3)
        node.recv(2000)
        start_ns, times = monotonic_ns(), {universe: [] for universe in range(UNIVERSES)}
        while (now_ns := monotonic_ns()) < start_ns + SECONDS * NS:
            if dmx := artnet.read_dmx(node.recv(2000)):
                times[dmx.universe].append(now_ns / NS)
                if dmx.universe == 0:
                    output.submit([LampLevel(name, level=0.5) for name in lamps], 1 / FPS)
        output.close()
    for arrived in times.values():
        gaps_ms = np.diff(arrived) * 1000
        assert len(gaps_ms) / (arrived[-1] - arrived[0]) == pytest.approx(40.0, abs=0.1)
    print({part: round(float(np.percentile(gaps_ms, part)), 2) for part in (1, 50, 99)})
