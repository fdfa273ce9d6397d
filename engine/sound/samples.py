"""Sound files in the engine's memory: read once, kept while they are needed, found again after a restart."""

from __future__ import annotations

import hashlib
import itertools
import queue
import threading
from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS, monotonic_ns, sleep_s
from engine.problems import Problem
from engine.sound import block as b
from engine.sound.bank import CHUNK, MARGIN, fill_copies, gap, place_size
from engine.sound.block import Memory

Report = Callable[[Problem], None]
MISSING = -1
KEPT_NS = 10 * NS  # what was asked for so lately stays: its note may be on the way
BREATH_S = 0.1  # after which no voice reads what was given up
SOUNDS = frozenset((".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"))
LEAST = 4  # frames of a sound


def sound_files(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return the sound files of a show that have one of the names (`drop.flac`, `*.wav`), as scenes ask for them."""
    wanted = [name for name in names if "*" in (suffix := Path(name).suffix.lower()) or suffix in SOUNDS]
    if not wanted:
        return []
    places = itertools.chain((folder / "assets").rglob("*"), folder.glob("*"))
    return [path for path in places
            if path.suffix.lower() in SOUNDS and any(fnmatch(path.name, name) for name in wanted)]


class SampleBank:
    """The files that the sound engine can play.

    When the bank is full, what was not asked for the longest and does not sound is given up, and read again when it is
    asked for again: a show may use more files than fit, and files may be saved anew each day for years.

    Args:
        report: Gets one problem for each file that cannot be played.
        at_once: Read a file when it is first asked for (offline) and not in a thread beside the loop.
    """

    def __init__(self, memory: Memory, report: Report, at_once: bool = False) -> None:
        self._memory = memory
        self._report = report
        self._at_once = at_once
        self._slots: dict[tuple[str, int], int | None] = {}
        self._asked: dict[int, tuple[int, int]] = {}  # of each slot: the how manieth question it was, and when
        self._questions = 0
        self._wanted: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        half_read = (memory.sample[:, b.B_KEY] != 0) & (memory.sample[:, b.B_READY] == 0)
        memory.sample[half_read] = 0  # by an engine that has died

    def find(self, path: str, channel: int = 0) -> int | None:
        """Return a file's slot, `MISSING` if it cannot be played, or None while it is being read.

        Args:
            channel: Counted from 1; 0 is all of them, mixed.
        """
        with self._lock:
            is_new = (path, channel) not in self._slots
            slot = self._slots.setdefault((path, channel), None)
            self._note_asked(slot)
        if is_new:
            self._read(path, channel)
            slot = self._slots.get((path, channel))
        return slot

    def renew(self, changed: Collection[Path]) -> None:
        """Read files again that have changed; until they are read, and if they cannot be, the sound before stays.

        Args:
            changed: Resolved paths.
        """
        for path, channel in [key for key in tuple(self._slots) if Path(key[0]).resolve() in changed]:
            self._read(path, channel)

    def _note_asked(self, slot: int | None) -> None:
        if slot is not None:
            self._questions += 1
            self._asked[slot] = self._questions, 0 if self._at_once else monotonic_ns()

    def _read(self, path: str, channel: int) -> None:
        if self._at_once:
            self._load(path, channel)
            return
        self._wanted.put((path, channel))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="samples", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            self._load(*self._wanted.get())

    def _load(self, path: str, channel: int) -> None:
        key = path, channel
        try:
            slot = self._slot(Path(path), channel)
            with self._lock:
                self._slots[key] = slot
                self._note_asked(slot)
        except (OSError, ValueError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
            if self._slots.get(key) is None:
                self._slots[key] = MISSING
            text = "is not there" if not Path(path).is_file() else f"cannot be played ({error})"
            then = "it stays silent" if self._slots[key] == MISSING else "the one before goes on"
            self._report(Problem(path, 0, f"the sound file {text}; {then}"))

    def _slot(self, path: Path, channel: int) -> int:
        """Return the slot that holds a file; read it into a free one if none does.

        Raises:
            OSError, RuntimeError: It cannot be read.
            ValueError: It is empty, holds numbers that are not finite, or does not fit.
        """
        import soundfile  # here, so that a show without samples needs no sound library

        stat = path.stat()
        name = f"{path.resolve()}|{stat.st_mtime_ns}|{stat.st_size}|{channel}"
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest()) + 1
        directory = self._memory.sample
        known = np.flatnonzero((directory[:, b.B_KEY] == key) & (directory[:, b.B_READY] == 1))
        if known.size:
            return int(known[0])
        with soundfile.SoundFile(path) as file:
            if channel > file.channels:
                raise ValueError(f"it has {file.channels} channels, and channel {channel} is asked for")
            slot = self._reserve(key, file.frames, file.samplerate)
            try:
                self._fill(slot, file, channel)
            except BaseException:
                directory[slot] = 0
                raise
        directory[slot, b.B_READY] = 1
        return slot

    def _fill(self, slot: int, file: Any, channel: int) -> None:
        """Read a file into its place, piece by piece: the loop runs meanwhile."""
        entry, read = self._memory.sample[slot], 0
        place = self._memory.bank[entry[b.B_START] : entry[b.B_START] + entry[b.B_SIZE]]
        place[:MARGIN] = 0.0
        while read < entry[b.B_LENGTH]:
            piece = file.read(CHUNK, dtype="float32", always_2d=True)
            piece = piece[: int(entry[b.B_LENGTH]) - read]
            if not len(piece):
                break
            wave = piece.mean(axis=1) if channel == 0 else piece[:, channel - 1]
            if not np.isfinite(wave).all():
                raise ValueError("it holds bad numbers")
            place[MARGIN + read : MARGIN + read + len(piece)] = wave
            read += len(piece)
        if read < LEAST:
            raise ValueError("it is empty")
        place[MARGIN + read :] = 0.0
        entry[b.B_LENGTH] = read
        fill_copies(place, read)

    def _reserve(self, key: int, frames: int, rate: int) -> int:
        """Return a slot with a place for a file; what is needed least is given up for it."""
        size, directory = place_size(frames), self._memory.sample
        if size > b.BANK:
            raise ValueError(f"longer than {b.BANK // 2 // rate} s; cut it")
        given_up = False
        with self._lock:
            while True:
                used = np.flatnonzero(directory[:, b.B_KEY])
                free = next((slot for slot in range(1, b.SAMPLES) if not directory[slot, b.B_KEY]), None)
                start = gap(((int(e[b.B_START]), int(e[b.B_SIZE])) for e in directory[used]), size, b.BANK)
                if free is not None and start is not None:
                    break
                self._give_up(used)
                given_up = True
            directory[free] = 0
            directory[free, : b.B_SIZE + 1] = key, start, frames, 0, rate, size
        if given_up and not self._at_once:
            sleep_s(BREATH_S)
        return free

    def _give_up(self, used: NDArray[np.intp]) -> None:
        """Give up the slot that was not asked for the longest.

        Raises:
            ValueError: All of them sound, or were just asked for.
        """
        busy = self._busy()
        late_ns = 0 if self._at_once else monotonic_ns() - KEPT_NS
        idle = [int(slot) for slot in used if slot not in busy and self._asked.get(int(slot), (0, 0))[1] <= late_ns
                and self._memory.sample[slot, b.B_READY]]
        if not idle:
            raise ValueError("what sounds now fills the memory for sound files; play fewer or shorter ones at once")
        slot = min(idle, key=lambda slot: self._asked.get(slot, (0, 0))[0])
        self._memory.sample[slot, b.B_READY] = 0
        self._memory.sample[slot] = 0
        self._asked.pop(slot, None)
        for name in [name for name, held in self._slots.items() if held == slot]:
            del self._slots[name]

    def _busy(self) -> set[int]:
        """Return the slots that sound or are on their way to; looked up in the order in which records move on."""
        memory, slots = self._memory, set[int]()
        for cursor, ring in zip(memory.cursor, memory.ring, strict=True):
            places = np.arange(max(cursor[b.READ], cursor[b.WRITTEN] - b.RING), cursor[b.WRITTEN]) % b.RING
            slots |= set((ring[places, b.R_SAMPLE] % b.LOOP_FLAG).tolist())
        pending = memory.pending[: min(max(int(memory.header[b.H_PENDING]), 0), b.PENDING)]
        slots |= set((pending[:, b.R_SAMPLE] % b.LOOP_FLAG).tolist())
        slots |= set(memory.voice[memory.voice[:, b.V_STATE] != b.FREE, b.V_SAMPLE].tolist())
        return slots
