"""The main job on a real rig: camera over HTTP and OSC in, light on two projectors and sound on 8 speakers out."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.fake.camera import SimulatedCamera
from engine.fake.mjpeg import MjpegServer, encode
from engine.fake.visitors import SimulatedPerson, Visitors
from engine.render.mesh import homography
from tests.system import rig, sound_rig

ROOT = Path(__file__).parents[2]
NEEDED = ", ".join(filter(None, (rig.missing_tools(), sound_rig.missing_tools(),
                                 "" if shutil.which("oscsend") else "oscsend")))
pytestmark = [pytest.mark.system, pytest.mark.skipif(bool(NEEDED), reason=f"needs {NEEDED}; see .ci/run")]

ASPECT, SIZE = 16 / 9, (1280, 720)
VISITOR = SimulatedPerson(0, x=0.62, y=0.88, height=0.62, look=0)
OSC_PORT = 22990
CORNERS = ((90.0, 40.0), (1210.0, 110.0), (1150.0, 690.0), (40.0, 640.0))
SHOW = """
format = 1
name = "System test"
seed = 1
[stage]
size_m = [6.4, 3.6]
[scene.bleu]
file = "bleu.py"
[scene.contact]
file = "contact.py"
[scene.steady]
file = "steady.py"
[programme]
cues = [
  { name = "bleu", scene = "bleu", fade_s = 0.5 },
  { name = "contact", scene = "contact", fade_s = 0.5 },
  { name = "steady", scene = "steady", fade_s = 0.5 },
]
[touch.ball]
from = "osc:/contact/level"
"""
ROOM = """
format = 1
[camera.room]
source = "http://127.0.0.1:{camera}/"
key = "blue"
[projector.left]
display = 0
[projector.right]
display = 1
profile = "right.toml"
[osc]
port = {osc}
[sound]
latency_ms = 50
pink_spl_db = 40
[speaker]
{speakers}
"""
PROFILE = "format = 1\nsize = [1280, 720]\ncorners = {corners}\n"
STEADY = '''"""A steady tone beside a busy picture."""
from engine import Scene
class Steady(Scene):
    def draw(self, canvas, now):
        canvas.people()
        canvas.dots(self.rng.uniform(0, 1.7, 2000), self.rng.uniform(0, 1, 2000), 0.004, alpha=0.3)
        canvas.glow(0.03)
    def play(self, sound, now):
        sound.hold("tone", voice="sine", pitch=57, level=0.6)
'''


class Room:
    """A running show and everything round it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.camera = SimulatedCamera(Visitors(1, ASPECT, 0), SIZE, "blue", 1)
        self.pictures = [self.camera.picture(i / 30, VISITOR) for i in range(30)]
        empty = [self.camera.picture(i / 30, None) for i in range(30)]
        self.server = MjpegServer(encode([*empty[:15], *self.pictures])).start()
        self.projectors = rig.Projectors([SIZE, SIZE], folder)
        self.sound = sound_rig.SoundRig(folder)
        self._write_show()
        self.log = (folder / "log.txt").open("w+")
        env = {**os.environ, **self.sound.env, "DISPLAY": self.projectors.display}
        told = ["run", folder / "show.toml", "--report", folder / "report.json"]
        command = [sys.executable, "-P", "-m", "engine.cli", *told]
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=self.log)

    def _write_show(self) -> None:
        for scene in ("bleu", "contact"):
            shutil.copy(ROOT / "scenes" / scene / f"{scene}.py", self.folder)
        (self.folder / "steady.py").write_text(STEADY)
        (self.folder / "show.toml").write_text(SHOW)
        (self.folder / "right.toml").write_text(PROFILE.format(corners=[list(corner) for corner in CORNERS]))
        places = [(0.9 * i, 1.8 * (i % 2)) for i in range(8)]
        lines = [f"s{i} = {{ output = {i + 1}, at_m = [{x:.1f}, {y:.1f}] }}" for i, (x, y) in enumerate(places)]
        room = ROOM.format(camera=self.server.port, osc=OSC_PORT, speakers="\n".join(lines))
        (self.folder / "room.toml").write_text(room)

    def osc(self, address: str, *args: object) -> None:
        subprocess.run(["oscsend", "127.0.0.1", str(OSC_PORT), address, *map(str, args)], check=True)

    def level(self, value: float, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.osc("/contact/level", "f", value)
            time.sleep(0.02)

    def said(self) -> str:
        self.log.flush()
        return (self.folder / "log.txt").read_text()

    def end(self) -> dict:
        """End the show as Ctrl+C does and return its report."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(15) == 0, self.said()
        return json.loads((self.folder / "report.json").read_text())

    def clear(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.server.close()
        self.projectors.stop()
        self.sound.stop()


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    before = set(Path("/dev/shm").iterdir())
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        room = Room(Path(folder))
        yield room
        room.clear()
        assert [path for path in Path("/dev/shm").iterdir() if path not in before and "mixeur" in path.name] == []


def torso_px() -> tuple[int, int]:
    """Return where the visitor's chest is in the camera's picture."""
    return round(VISITOR.x * SIZE[1]), round((VISITOR.y - 0.66 * VISITOR.height) * SIZE[1])


def colour_at(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    patch = picture[round(y) - 5 : round(y) + 6, round(x) - 5 : round(x) + 6]
    return np.median(patch.reshape(-1, 3), axis=0)


def test_the_preparing_window_is_up_before_the_show(room: Room) -> None:
    assert rig.until(lambda: room.projectors.windows("System test") > 0, 20), room.said()


def test_the_keyed_visitor_stands_mirrored_and_warped_on_both_projectors(room: Room) -> None:
    x, y = torso_px()
    shirt = colour_at(room.pictures[0][..., ::-1], x, y)
    stage = np.array([SIZE[0] - x, y], float)
    to_right = np.linalg.inv(homography(np.array(CORNERS)))
    right = to_right @ [stage[0] / SIZE[0], stage[1] / SIZE[1], 1.0]
    right = right[:2] / right[2]

    def seen() -> list[np.ndarray]:
        return [colour_at(room.projectors.light(i), *at) for i, at in enumerate((stage, right))]

    def is_shown() -> bool:
        return all(np.abs(colour - shirt).max() < 30 for colour in seen())

    assert rig.until(is_shown, 240), f"{shirt} expected, {seen()} seen; {room.said()}"
    for output in (0, 1):
        light = room.projectors.light(output).astype(int)
        wall = colour_at(room.pictures[0][..., ::-1], 60, 300)
        assert (np.abs(light - wall).max(-1) < 20).mean() < 0.02, "no blue wall is left in"
    outside = room.projectors.light(1)[5:30, 5:60]
    assert outside.max() == 0, "beyond the corners the projector is black"


def test_the_scene_is_heard_on_the_speakers(room: Room) -> None:
    def is_heard() -> bool:
        recording = room.sound.record(room.folder / "bleu.raw")
        time.sleep(1.0)
        return bool(np.abs(recording.stop()).max(initial=0) > 1e-3)

    assert rig.until(is_heard, 240), room.said()


def is_silent(wave: np.ndarray, seconds: float) -> bool:
    """Return whether a recording has lasted for so long, and its end is silent."""
    last = wave[-round(seconds * sound_rig.RATE) :]
    return len(last) == round(seconds * sound_rig.RATE) and bool(np.abs(last).max() < 1e-3)


def test_c3_a_touch_by_oscsend_sounds_in_time(room: Room) -> None:
    room.osc("/cue/contact")
    room.level(0.0, 1.5)
    recording = room.sound.record(room.folder / "contact.raw")
    assert rig.until(lambda: is_silent(recording.so_far(), 1.0)), "the cue before fades out"
    begins_at = recording.frames()
    room.level(0.0, 1.0)
    room.level(0.4, 1.5)
    sent_at = recording.frames() - begins_at
    room.level(0.7, 1.5)
    room.level(0.0, 3.0)
    wave = recording.stop()[begins_at:]
    loud = np.flatnonzero(np.abs(wave).max(1) > 1e-3)
    assert len(loud), f"contact is silent: {room.said()}"
    delay_ms = (loud[0] - sent_at) / sound_rig.RATE * 1000
    print(f"OSC to recorded sound: {delay_ms:.0f} ms")
    assert 0 < delay_ms < 300, "nobody alone may sound, and two sound at once"
    assert np.abs(wave[-sound_rig.RATE // 2 :]).max() < 1e-3, "C8: silent 2.5 s after release"


def test_the_sound_has_no_discontinuity_that_a_native_tone_has_not(room: Room) -> None:
    """Up to three takes of 8 s: where the machine itself stutters, one of two that play at once may be hit more."""
    room.osc("/cue/steady")
    time.sleep(3.0)
    native_recording, player = room.sound.native_tone(room.folder, 220.0, 60.0, 50)
    time.sleep(2.0)  # a sink's first stream hiccups
    for take in range(3):
        recording = room.sound.record(room.folder / f"steady{take}.raw")
        began = len(native_recording.so_far())
        time.sleep(10.0)
        heard, wave = native_recording.so_far()[began:, 0], recording.stop()[sound_rig.RATE :]
        assert min(len(wave), len(heard)) >= 8 * sound_rig.RATE
        loudest = wave[:, np.abs(wave).max(0).argmax()]
        assert np.abs(loudest).max() > 0.01
        assert np.abs(heard).max() > 0.1
        ours, theirs = sound_rig.breaks(loudest, 220.0), sound_rig.breaks(heard, 220.0)
        print(f"breaks in 8 s: {len(ours)}, native tone {len(theirs)}")
        if len(ours) <= len(theirs):
            break
    native_recording.stop()
    player.kill()
    assert len(ours) <= len(theirs)


def test_hostile_packets_leave_osc_answering(room: Room) -> None:
    import socket
    import struct

    rng = np.random.default_rng(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for i in range(10_000):
            packet = rng.bytes(int(rng.integers(1, 80))) if i % 2 else b"/" + rng.bytes(40)
            sender.sendto(packet, ("127.0.0.1", OSC_PORT))
            if i % 50 == 0:
                sender.sendto(b"#bundle\0" + struct.pack(">Qi", 1, -4), ("127.0.0.1", OSC_PORT))
                time.sleep(0.005)
    room.osc("/cue/bleu")
    assert rig.until(lambda: room.projectors.light(0).max() > 200, 20)


def test_the_report_names_what_was_measured_and_the_end_is_clean(room: Room) -> None:
    report = room.end()
    told = ("fps_mean", "jitter_ms", "late_frames", "frame_ms", "osc", "cameras", "sound", "cpu")
    print(json.dumps({key: report[key] for key in told}))
    assert report["frames"] > 600
    assert report["osc"]["received"] > 100
    assert report["osc"]["malformed"] > 5000
    assert report["cameras"]["room"]["state"] == "live"
    assert report["cameras"]["room"]["age_ms_p95"] < report["cameras"]["room"]["light_ms_p95"]
    assert report["sound"]["backend"] == "portaudio"
    assert report["restarts"] == {"engine": 0, "sound": 0, "camera.room": 0}
    assert all(scene["failures"] == 0 for scene in report["scenes"].values())
    left = subprocess.run(["pgrep", "-f", "engine.supervise.child.*System"], capture_output=True, text=True).stdout
    assert left == ""
