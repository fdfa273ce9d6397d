"""What a work costs at 1080p as a whole show: network camera, sound, flash guard, all in processes of their own.

The camera is a 720p30 stream of JPEGs over HTTP, encoded beforehand and served by another process: three visitors
before a blue wall. The show sees at 640x360, keyed pictures before tracked ones, and plays its sound on the device that
is there. Windows are real where there is a display; else frames go nowhere.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.bench.camera import served_by
from engine.bench.figure import Figure, Record
from engine.clock import NS, monotonic_ns, sleep_s
from engine.kernel_cache import RENDER_KERNELS, SAFETY_KERNELS, SOUND_KERNELS, VISION_KERNELS, warm
from engine.problems import MixeurError, did_you_mean

FIGURES = (
    Figure("work_ms_p50", "ms", "lower", 12.0),
    Figure("work_ms_p95", "ms", "lower", 16.0),
    Figure("work_camera_ms_p95", "ms", "lower", 50.0),
    Figure("work_cores", "cores", "lower", 2.0),
)
SCENES = Path(__file__).parents[2] / "scenes"
SETTLE_S, MEASURED_S = 12.0, 15.0  # the spares have started by then
CAMERA_SIZE, CAMERA_FPS, PICTURES = (1280, 720), 30, 64
READY_S = 120.0
SHOW = """format = 1
name = "Bench of {scene}"
seed = 1
[stage]
size_m = [6.0, 3.375]
height_px = 1080
[scene.{scene}]
file = "{file}"
"""
ROOM = """format = 1
[camera.room]
source = "{url}"
size = [640, 360]
key = "blue"
[touch.ball]
from = "osc:/contact/level"
[osc]
port = {port}
[speaker]
left = {{ output = 1, at_m = [0.0, 0.0] }}
right = {{ output = 2, at_m = [6.0, 0.0] }}
"""


def measure(names: Collection[str], scenes: Sequence[str] = ("bleu",)) -> list[Record]:
    """Play each scene alone and return its records, the scene's name as their path."""
    known = sorted(path.parent.name for path in SCENES.glob("*/*.py") if path.stem == path.parent.name)
    if not known:
        raise MixeurError("bench works: the sample scenes are not beside the engine; run it in the source folder")
    for scene in scenes:
        if scene not in known:
            raise MixeurError(f"bench works: no scene '{scene}'{did_you_mean(scene, known)}; known: {', '.join(known)}")
    warm((*SOUND_KERNELS, *RENDER_KERNELS, *SAFETY_KERNELS, *VISION_KERNELS))  # compiling takes a core
    records = []
    with served_by(__name__) as url:
        for scene in scenes:
            found = _records(_played(scene, url))
            records += [Record({**record, "path": scene}) for record in found if record["name"] in names]
    return records


def _records(report: Mapping[str, Any]) -> list[Record]:
    """Return the figures of one show's report."""
    whole, camera, cpu = report["frame_ms"], report["cameras"]["room"], report["cpu"]
    stages = {f"{name}_p50": stage["p50"] for name, stage in report["stages"].items()}
    values: dict[str, tuple[float, Mapping[str, float]]] = {
        "work_ms_p50": (whole["p50"], stages | {"fps": report["fps_mean"], "load_1min": os.getloadavg()[0]}),
        "work_ms_p95": (whole["p95"], {"p99": whole["p99"], "late": report["late_frames"], "frames": report["frames"]}),
        "work_camera_ms_p95": (camera["light_ms_p95"], {"keyed_and_polled": camera["age_ms_p95"],
                                                        "key": camera["key_ms"], "vision": camera["vision_ms"]}),
        "work_cores": (sum(cpu.values()), cpu),
    }
    return [figure.record(*values[figure.name]) for figure in FIGURES]


def _played(scene: str, url: str) -> dict[str, Any]:
    """Run a show of one scene as a person would, with hands on its ball; return its report."""
    with tempfile.TemporaryDirectory(prefix="mx") as name, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hand:
        folder, port = Path(name), _free_port()
        for part in ("assets", "scenes"):
            (folder / part).symlink_to(SCENES.parent / part)
        (folder / "show.toml").write_text(SHOW.format(scene=scene, file=f"scenes/{scene}"))
        (folder / "room.toml").write_text(ROOM.format(url=url, port=port))
        report = folder / "report.json"
        words = [sys.executable, "-P", "-m", "engine.cli", "run", folder / "show.toml", "--report", report,
                 "--settle", SETTLE_S, "--seconds", SETTLE_S + MEASURED_S]  # fmt: skip
        with subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as process:  # fmt: skip
            hand.connect(("127.0.0.1", port))
            _touch(hand, process)
            said = process.communicate()[1]
        if process.returncode or not report.exists():
            raise MixeurError(f"bench works: {scene} did not play: {said.strip().splitlines()[-1:]}")
        found: dict[str, Any] = json.loads(report.read_text())
        if not found["cameras"]["room"]["light_ms_p95"] or any(each["failures"] for each in found["scenes"].values()):
            raise MixeurError(f"bench works: {scene} did not play well: {found['problems'] or found['cameras']}")
        return found


def _touch(hand: socket.socket, process: subprocess.Popen[str]) -> None:
    """Touch the ball as visitors do, until the show ends."""
    from engine.fake.touch import touch_script

    begun_ns = monotonic_ns()
    for at_s, address, (level,) in touch_script(READY_S + SETTLE_S + MEASURED_S, 1):
        sleep_s(max(0.0, at_s - (monotonic_ns() - begun_ns) / NS))
        if process.poll() is not None:
            return
        try:
            hand.send(address.removeprefix("osc:").encode().ljust(16, b"\0") + b",f\0\0" + struct.pack(">f", level))
        except ConnectionRefusedError:
            continue  # nobody listens yet
    process.kill()


def _serve() -> None:
    from engine.fake.camera import SimulatedCamera
    from engine.fake.mjpeg import MjpegServer, encode
    from engine.fake.visitors import Visitors

    fake = SimulatedCamera(Visitors(1, CAMERA_SIZE[0] / CAMERA_SIZE[1], 3), CAMERA_SIZE, "blue")
    there = encode([fake.picture(12 + number / CAMERA_FPS) for number in range(PICTURES)])
    with MjpegServer(there + there[-2:0:-1], CAMERA_FPS) as server:  # and back: nobody jumps
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    _serve()
