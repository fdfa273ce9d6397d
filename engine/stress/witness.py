"""The witness: watches a show as a visitor would, and its processes as a technician would, while it is under stress."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread

from engine.clock import NS, monotonic_ns
from engine.sound.block import H_MAGIC, MAGIC, ON, V_END, V_STATE, Memory, open_memory
from engine.sound.meters import read_meters
from engine.stress import processes
from engine.stress.ears import ServerEars, hears_a_server
from engine.stress.eyes import Look, PictureEyes, ScreenEyes, outputs
from engine.stress.presence import Presence
from engine.stress.processes import Holding
from engine.stress.venue import Venue

STEP_S = 0.05
BLIND_S = 0.2
HOLDINGS_S = 1.0
AUDIBLE_DB = -66.0
FOR_EVER = 1 << 60  # frames
PICTURE, SOUND = "picture", "sound"


@dataclass(slots=True)
class Senses:
    """What was met when. `light`, `motion` and `sound` count only if the show has them by itself.

    Attributes:
        frames: The engine presented a frame.
        light: No output was black.
        motion: The picture was another one than at the look before.
        rendered: The sound process rendered, to the device that it had at first.
        sound: Something was audible.
    """

    frames: Presence = field(default_factory=Presence)
    light: Presence = field(default_factory=Presence)
    motion: Presence = field(default_factory=Presence)
    rendered: Presence = field(default_factory=Presence)
    sound: Presence = field(default_factory=Presence)


@dataclass(slots=True)
class Life:
    """What one process held: when it was seen first and last, and the most that it ever held."""

    name: str
    pid: int
    since_s: float
    series: list[tuple[float, Holding]] = field(default_factory=list)


class Witness:
    """Watches a venue in a thread of its own.

    Attributes:
        senses: What was met when.
        lives: What each process held, by name and pid: a spare becomes what it stands in for.
        eyes, ears: What it looks at and listens to, in words.
        luminance: Of the newest look.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._closing = ExitStack()
        self._ending = Event()
        self._fingerprint = 0
        self._seen_supervisor = 0
        self._memory: Memory | None = None
        self._last_beat_ns = self._last_frame = 0
        self._backend = ""
        self._next_holding_s = 0.0
        self.senses = Senses()
        self.lives: dict[tuple[str, int], Life] = {}
        self.luminance = -1.0
        self.eyes, self.ears = self._open_eyes(), self._open_ears()
        self._thread = Thread(target=self._run, name="witness", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Watch no more."""
        self._ending.set()
        self._thread.join()
        self._closing.close()

    def held_voices(self) -> int:
        """Return how many voices sound that go on until they are released."""
        memory = self._memory
        if memory is None:
            return 0
        return int(((memory.voice[:, V_STATE] == ON) & (memory.voice[:, V_END] > FOR_EVER)).sum())

    # -- eyes and ears -------------------------------------------------------------------------

    def _open_eyes(self) -> str:
        display = self._venue.room.get("DISPLAY", "")
        if "--headless" in self._venue.options or not display:
            if not self._venue.show.simulated:
                return "frames presented (a real room without a display writes no pictures)"
            eyes = PictureEyes(self._venue.show.folder / "out", self._look)
            self._closing.callback(eyes.close)
            return "pictures written once a second"
        areas = outputs(self._venue.room)
        screen = ScreenEyes(display, areas, self._look)
        self._closing.callback(screen.close)
        return f"screenshots of {display}, {max(len(areas), 1)} outputs"

    def _open_ears(self) -> str:
        if not hears_a_server(self._venue.room):
            return "meters of the sound process"
        ears = ServerEars(self._venue.room, lambda _: self.senses.sound.seen(self._venue.now_s()))
        self._closing.callback(ears.close)
        return "the sound server's output"

    def _look(self, look: Look) -> None:
        now_s = self._venue.now_s()
        self.luminance = look.luminance
        if look.is_lit:
            self.senses.light.seen(now_s)
        if look.fingerprint != self._fingerprint:
            self._fingerprint = look.fingerprint
            self.senses.motion.seen(now_s)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        before_s = self._venue.now_s()
        while not self._ending.wait(STEP_S):
            now_s = self._venue.now_s()
            self._find_memory()
            self._watch_frames(before_s, now_s)
            self._watch_sound(now_s)
            if now_s >= self._next_holding_s:
                self._next_holding_s = now_s + HOLDINGS_S
                self._watch_processes(now_s)
            before_s = now_s

    def _find_memory(self) -> None:
        supervisor = self._venue.supervisor
        if supervisor != self._seen_supervisor:
            self._memory, self._seen_supervisor = None, supervisor
        if supervisor and self._memory is None:
            block = processes.shared(supervisor, "sound")
            if block is not None and int(block.array("int64", 1)[H_MAGIC]) == MAGIC:  # laid out by the show itself
                self._memory = open_memory(block, self._venue.show.sound, ())

    def _watch_frames(self, before_s: float, now_s: float) -> None:
        board = self._venue.board()
        beat_ns = board.last_beat_ns if board is not None else 0
        if beat_ns in (0, self._last_beat_ns):
            return
        was_fresh = monotonic_ns() - beat_ns < BLIND_S * NS
        if now_s - before_s > BLIND_S and was_fresh:  # the witness itself was starved: what it missed it does not claim
            self.senses.frames.seen(before_s)
        self._last_beat_ns = beat_ns
        self.senses.frames.seen(self._venue.at_s(beat_ns))

    def _watch_sound(self, now_s: float) -> None:
        if self._memory is None:
            return
        meters = read_meters(self._memory)
        if meters.frame == self._last_frame or meters.backend == "none":
            return
        self._last_frame = meters.frame
        self._backend = self._backend or meters.backend
        if meters.backend != self._backend:
            return
        self.senses.rendered.seen(now_s)
        if self.ears.startswith("meters") and max(meters.peak_db, default=-120.0) > AUDIBLE_DB:
            self.senses.sound.seen(now_s)

    def _watch_processes(self, now_s: float) -> None:
        for name, pid in self._venue.pids().items():
            held = processes.holding(pid)
            if held is not None:
                life = self.lives.setdefault((name, pid), Life(name, pid, now_s))
                life.series.append((now_s, held))
