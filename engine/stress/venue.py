"""The venue: a copy of a show that runs under the real supervisor, and everything about it that can be reached."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from engine.clock import NS, monotonic_ns, sleep_s
from engine.inputs.osc_send import OscSender
from engine.problems import MixeurError
from engine.scene.loader import load_scene, scene_file
from engine.show.files import read_show
from engine.show.model import OscTarget, ParamLink, Show
from engine.show.views import members
from engine.stress import processes
from engine.stress.copy import copy_show
from engine.supervise.board import Board

TOKEN = "MIXEUR_STRESS"
LONGEST_START_S = 240.0
LONGEST_END_S = 15.0
CUE = "cue"
LISTENS_NS = 200_000_000


class Plug(Protocol):
    """A thing of the room that can be taken away and given back.

    Attributes:
        name: Its path in the show: `camera.room`, `sound`, `projector.left`.
    """

    name: str

    def pull(self) -> None:
        """Take it away."""

    def push(self) -> None:
        """Give it back."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line that the show said."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A value that was asked for, and when."""

    value: float | str
    at_s: float


@dataclass(slots=True)
class Asked:
    """What was asked of the show and must hold in the end: the truth about its files, its Params and its cue.

    Attributes:
        texts: What stands in each file.
        values: The newest wish for each Param, and for the cue; None: nobody knows whether it was heard.
        edits: The Param that the newest edit of each scene has brought.
    """

    texts: dict[Path, str] = field(default_factory=dict)
    values: dict[str, Wish | None] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)


class Venue:
    """A show under stress.

    Args:
        show: A show file, its folder, or one scene.
        folder: An empty folder for the copy.
        options: Further words for `mixeur run`.
        env: The environment of the show's processes; None: ours.
        plugs: What the rig can pull.

    Attributes:
        room: The environment of the show's processes, without the token by which they are known.
        told: Every line that the show said.
        complaints: What was found wrong while a fault was done.
        asked: What was asked of it and must hold in the end.
        params: The range of each Param that is a number and that no cue sets and no device drives, by address.
    """

    def __init__(
        self,
        show: Path,
        folder: Path,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        plugs: Sequence[Plug] = (),
    ) -> None:
        self.options = tuple(options)
        simulate = "--simulate" in options
        read_show(show, simulate)
        self.file = copy_show(show, folder / "show")
        self.show: Show = read_show(self.file, simulate)
        self.folder = folder
        self.report = folder / "report.json"
        self.token = f"{os.getpid()}-{monotonic_ns()}"
        self.room = dict(os.environ if env is None else env)
        self.plugs = {plug.name: plug for plug in plugs}
        self.told: list[Told] = []
        self.complaints: list[Told] = []
        self.asked = Asked(texts={path: path.read_text() for path in self._texts()})
        self.params = self._params()
        self._start_ns = monotonic_ns()
        self._osc = OscSender({"show": OscTarget(name="show", port=self.show.osc.port)})
        self._raw = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._process: subprocess.Popen[bytes] | None = None
        self._board: Board | None = None
        self._board_of = 0

    # -- its life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the show as a service manager does."""
        words = ["run", str(self.file), "--report", str(self.report), *self.options]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.cli", *words],
            env={**self.room, TOKEN: self.token}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def end(self) -> int | None:
        """End the show as Ctrl+C does; returns its exit code, or None if it had to be killed."""
        if self._process is None:
            return None
        code: int | None = None
        with suppress(subprocess.TimeoutExpired):
            self._process.send_signal(signal.SIGINT)
            code = self._process.wait(LONGEST_END_S)
        self.clear()
        return code

    def clear(self) -> None:
        """Kill what is left of the show."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pid in processes.marked(self.token):
            processes.send(pid, signal.SIGKILL)

    @property
    def supervisor(self) -> int:
        """Return the supervisor's pid; 0 if it has ended."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def cut(self) -> None:
        """Kill the supervisor, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def code(self) -> int | None:
        """Return the exit code of a supervisor that has ended."""
        return self._process.poll() if self._process is not None else None

    def pids(self) -> dict[str, int]:
        """Return the show's processes by name."""
        return processes.family(self.supervisor, self.board()) if self.supervisor else {}

    # -- what reaches it -----------------------------------------------------------------------

    def osc(self, address: str, *args: Any) -> None:
        """Send it an OSC message."""
        self._osc.send("show", address, *args)

    def packet(self, raw: bytes) -> None:
        """Send any bytes to its OSC port."""
        with suppress(OSError):
            self._raw.sendto(raw, ("127.0.0.1", self.show.osc.port))

    def ask(self, address: str, value: float) -> None:
        """Set a Param; what was asked must hold in the end if the show was there to hear it."""
        self.osc(address, value)
        self.asked.values[address] = Wish(value, self.now_s()) if self.is_listening() else None

    def go_home(self) -> None:
        """Go back to the cue that the rehearsal began with."""
        if self.home:
            self.osc(f"/cue/{self.home}")
            self.asked.values[CUE] = Wish(self.home, self.now_s()) if self.is_listening() else None

    def is_listening(self) -> bool:
        """Return whether the engine has shown a frame within the last 200 ms."""
        board = self.board()
        return board is not None and monotonic_ns() - board.last_beat_ns < LISTENS_NS

    def board(self) -> Board | None:
        """Return the board of the running supervisor, seen from outside; None while there is none."""
        supervisor = self.supervisor
        if supervisor != self._board_of:
            block = processes.shared(supervisor, "board") if supervisor else None
            self._board, self._board_of = (Board(block, self.names), supervisor) if block is not None else (None, 0)
        return self._board

    # -- what it is made of --------------------------------------------------------------------

    @property
    def cues(self) -> tuple[str, ...]:
        """Return the names of its cues; without a programme every scene is one."""
        return tuple(cue.name for cue in self.show.programme.cues) or tuple(self.show.scenes)

    @property
    def home(self) -> str:
        """Return the cue that it begins with."""
        return self.cues[0] if self.cues else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its processes, in the supervisor's order."""
        return ("engine", "sound", *(f"camera.{name}" for name in members(self.show.cameras)))

    def scene_files(self) -> dict[str, Path]:
        """Return the file of each scene."""
        files = {name: scene_file(self.show.folder / entry.file) for name, entry in self.show.scenes.items()}
        return {name: path for name, path in files.items() if path in self.asked.texts}

    def tables(self) -> tuple[Path, ...]:
        """Return the show file, the room file and the profiles."""
        return tuple(path for path in self.asked.texts if path.suffix == ".toml")

    # -- time ----------------------------------------------------------------------------------

    def now_s(self) -> float:
        """Return the seconds since the venue was opened."""
        return self.at_s(monotonic_ns())

    def at_s(self, monotonic: int) -> float:
        """Return a monotonic time of any process in seconds since the venue was opened."""
        return (monotonic - self._start_ns) / NS

    def wait(self, is_so: Callable[[], bool], patience_s: float, what: str) -> None:
        """Wait until something is so.

        Raises:
            MixeurError: It was not so in time, or the show ended.
        """
        end_s = self.now_s() + patience_s
        while not is_so():
            if not self.supervisor or self.now_s() > end_s:
                why = f"not within {patience_s:.0f} s" if self.supervisor else "the show has ended"
                said = "\n".join(f"  {line.text}" for line in self.told[-12:])
                raise MixeurError(f"{self.file.name}: {what}: {why}. It said last:\n{said}")
            sleep_s(0.05)

    def complain(self, text: str) -> None:
        """Note something that is wrong whatever visitors meet."""
        self.complaints.append(Told(self.now_s(), text))

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.told.append(Told(self.now_s(), line.decode(errors="replace").rstrip()))

    def _texts(self) -> list[Path]:
        """Return the files that are edited: the show's, its room's, its scenes' and profiles."""
        scenes = [scene_file(self.show.folder / entry.file) for entry in self.show.scenes.values()]
        profiles = [projector.profile for projector in self.show.projectors.values() if projector.profile]
        return [path for path in (*self.show.sources, *scenes, *profiles) if path.is_file()]

    def _params(self) -> dict[str, tuple[float, float]]:
        set_by_cues = {(cue.scene, name) for cue in self.show.programme.cues for name in cue.set}
        found = {}
        for scene, path in self.scene_files().items():
            driven = {name for name, value in self.show.scenes[scene].params.items() if isinstance(value, ParamLink)}
            loaded = load_scene(path, scene, say=lambda *_: None)
            for spec in loaded.specs:
                if spec.kind == "number" and spec.name not in driven and (scene, spec.name) not in set_by_cues:
                    found[f"/scene/{scene}/{spec.name}"] = float(spec.low or 0.0), float(spec.high or 1.0)
            loaded.forget()
        return found
