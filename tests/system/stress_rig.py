"""A room whose every plug can be pulled, and a show that is never dark and never silent."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.fake.mjpeg import MjpegServer
from engine.stress.campaign import kinds_of, planned
from engine.stress.rehearsal import rehearse
from engine.stress.venue import Venue
from engine.stress.verdict import Verdict
from engine.supervise.priority import WITNESS_NICE, go_first
from tests.system import rig, sound_rig
from tests.system.camera_rig import film

SIZE = (1280, 720)
DISK_MB = 192  # a show says when less than 100 are free
MISSING = ", ".join(filter(None, (rig.missing_tools(), sound_rig.missing_tools())))
SHOW = """
format = 1
name = "Stress test"
seed = 1
[stage]
aspect = 1.7778
height_px = 360
fallback = "other"
[scene.steady]
file = "steady.py"
[scene.other]
file = "other.py"
[programme]
cues = [
  { name = "steady", scene = "steady", fade_s = 0.5 },
  { name = "other", scene = "other", fade_s = 0.5, set = { speed = 0.7 } },
  { name = "again", scene = "steady", fade_s = 1.5 },
]
"""
ROOM = """
format = 1
[camera.room]
source = "http://127.0.0.1:{camera}/"
size = [640, 360]
key = "blue"
[projector.left]
display = 0
[projector.right]
display = 1
profile = "right.toml"
[touch.ball]
from = "osc:/contact/level"
[osc]
port = {osc}
[sound]
latency_ms = 50
[speaker]
left = {{ output = 1, at_m = [0, 0] }}
right = {{ output = 2, at_m = [6, 0] }}
"""
PROFILE = "format = 1\nsize = [1280, 720]\ncorners = [[90, 40], [1210, 110], [1150, 690], [40, 640]]\n"
SCENE = '''"""{name}: bright, moving, and a tone that never ends."""
from engine import Param, Scene


class {name}(Scene):
    speed = Param(0.4, 0.1, 1)
    size = Param(0.2, 0.1, 0.4)
    pitch = Param({pitch}, 40, 80)

    def draw(self, canvas, now):
        canvas.clear(({red}, 90, 140))
        canvas.people()
        canvas.circle(0.3 + now.time * self.speed % 1.2, 0.5, self.size, (255, 220, 60))

    def play(self, sound, now):
        sound.hold("tone", voice="sine", pitch=self.pitch, level=0.5)
        if now.touch("ball").level > 0.5:
            sound.hold("touch", voice="warm", pitch=50, level=0.3)
'''


@dataclass(frozen=True, slots=True)
class Pull:
    """A plug of the rig; `NAME: HOW` where one thing can be pulled in several ways."""

    name: str
    pull: Callable[[], object]
    push: Callable[[], object]


class Room:
    """Everything round a show: it stands from the first line to `clear()`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder / "show", folder / "work"
        self.folder.mkdir()
        self.work.mkdir()
        self._disk = _mounted(self.work)
        self._jpegs = film(2.0)
        self.camera = MjpegServer(self._jpegs).start()
        self.projectors = rig.Projectors([SIZE, SIZE], folder)
        self.sound = sound_rig.SoundRig(folder)
        self._sound_folder = folder
        self.env = {**os.environ, **self.sound.env, "DISPLAY": self.projectors.display}
        self._write()

    def _write(self) -> None:
        for name, pitch, red in (("Steady", 57, 70), ("Other", 64, 130)):
            (self.folder / f"{name.lower()}.py").write_text(SCENE.format(name=name, pitch=pitch, red=red))
        (self.folder / "show.toml").write_text(SHOW)
        (self.folder / "right.toml").write_text(PROFILE)
        (self.folder / "room.toml").write_text(ROOM.format(camera=self.camera.port, osc=_free_port()))

    def plugs(self) -> Iterator[Pull]:
        """Yield all that can be pulled."""
        yield Pull("camera.room: nobody answers", self._hang_up, self._answer)
        yield Pull("camera.room: stalls", lambda: self._camera(is_stalled=True), self._mend)
        yield Pull("camera.room: freezes", lambda: self._camera(is_frozen=True), self._mend)
        yield Pull("camera.room: cuts its pictures", lambda: self._camera(truncate_every=2), self._mend)
        yield Pull("camera.room: lies about lengths",
                   lambda: self._camera(truncate_every=3, lies_about_length=True), self._mend)
        yield Pull("sound: server killed", self._kill_sound, self._start_sound)
        yield Pull("sound: server stopped", lambda: self._signal_sound(signal.SIGSTOP),
                   lambda: self._signal_sound(signal.SIGCONT))
        yield Pull("sound: speakers pulled", self._pull_speakers, self._plug_speakers)
        yield Pull("sound: stream moved", lambda: self._move_stream("mic"), lambda: None)
        yield Pull("display: server stopped", lambda: self.projectors.signal(signal.SIGSTOP),
                   lambda: self.projectors.signal(signal.SIGCONT))
        yield Pull("display: server killed", self.projectors.die, self.projectors.begin)
        if self._disk:
            yield Pull("disk: full", self._fill, self._free)
        yield Pull("projector.right: off", lambda: self.projectors.switch(1, "--off"), self._right_on)
        yield Pull("projector.right: other mode",
                   lambda: self.projectors.switch(1, "--mode", "1280x800", "--pos", "1280x0"), self._right_on)

    def clear(self) -> None:
        """End everything."""
        if self._disk:
            subprocess.run(["umount", "-l", self.work], check=True)
        self._hang_up()
        self.projectors.stop()
        self._signal_sound(signal.SIGCONT)
        self._signal_sound(signal.SIGKILL)

    # -- camera --------------------------------------------------------------------------------

    def _camera(self, **what: int) -> None:
        for name, value in what.items():
            setattr(self.camera, name, value)

    def _mend(self) -> None:
        self._camera(is_stalled=False, is_frozen=False, truncate_every=0, lies_about_length=False)

    def _hang_up(self) -> None:
        self.camera.close()

    def _answer(self) -> None:
        self.camera = MjpegServer(self._jpegs, port=self.camera.port).start()

    # -- sound ---------------------------------------------------------------------------------

    def _pactl(self, *words: str) -> str:
        done = subprocess.run(["pactl", *words], env=self.env, capture_output=True, text=True, timeout=10)
        return done.stdout

    def _signal_sound(self, number: int) -> None:
        try:
            os.kill(int(self.sound.env["SOUND_PID"]), number)
        except ProcessLookupError:
            return

    def _kill_sound(self) -> None:
        self._signal_sound(signal.SIGKILL)

    def _start_sound(self) -> None:
        shutil.rmtree(self._sound_folder / "run", ignore_errors=True)
        self.sound = sound_rig.SoundRig(self._sound_folder)

    def _pull_speakers(self) -> None:
        for line in self._pactl("list", "short", "modules").splitlines():
            if "sink_name=speakers" in line:
                self._pactl("unload-module", line.split()[0])

    def _plug_speakers(self) -> None:
        self._pactl("load-module", "module-null-sink", "sink_name=speakers", f"rate={sound_rig.RATE}", "channels=8",
                    f"channel_map={sound_rig.MAP}", "format=float32le")
        self._pactl("set-default-sink", "speakers")

    def _move_stream(self, sink: str) -> None:
        for line in self._pactl("list", "short", "sink-inputs").splitlines():
            self._pactl("move-sink-input", line.split()[0], sink)

    # -- disk ----------------------------------------------------------------------------------

    def _fill(self) -> None:
        subprocess.run(["dd", "if=/dev/zero", f"of={self.work / 'full.bin'}", "bs=64k"], capture_output=True)

    def _free(self) -> None:
        (self.work / "full.bin").unlink(missing_ok=True)

    # -- light ---------------------------------------------------------------------------------

    def _right_on(self) -> None:
        self.projectors.switch(1, "--mode", "1280x720", "--pos", "1280x0")


def _mounted(folder: Path) -> bool:
    """Give a folder a small disk of its own, where that is permitted."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder]
    return not subprocess.run(mount, capture_output=True).returncode


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def campaign(folder: Path, count: int, seed: int, pace_s: float, only: tuple[str, ...] = ("",)) -> Verdict:
    """Put the show of this room under stress; only faults whose names begin so."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    go_first(WITNESS_NICE)  # and the rig: real cameras and speakers are never starved by the machine of the show
    room = Room(folder)
    try:
        venue = Venue(room.folder, room.work, env=room.env, plugs=list(room.plugs()))
        kinds = [kind for kind in kinds_of(venue) if kind.name.startswith(only)]
        return rehearse(venue, planned(kinds, count, seed, pace_s), seed, lambda line: print(line, flush=True))
    finally:
        room.clear()
        go_first(before)
