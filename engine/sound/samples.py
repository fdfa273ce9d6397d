"""Sound files in the engine's memory: read once, brought to its rate, found again after a restart."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.problems import Problem
from engine.sound.block import B_KEY, B_READY, BANK, H_BANK_USED, H_RATE, SAMPLES, Memory

Report = Callable[[Problem], None]
MISSING = -1


class SampleBank:
    """The files that the sound engine can play.

    Args:
        report: Gets one problem for each file that cannot be played.
        at_once: Read a file when it is first asked for (offline) and not in a thread beside the loop.
    """

    def __init__(self, memory: Memory, report: Report, at_once: bool = False) -> None:
        self._memory = memory
        self._report = report
        self._at_once = at_once
        self._slots: dict[str, int | None] = {}
        self._wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def find(self, path: str) -> int | None:
        """Return a file's slot, `MISSING` if it cannot be played, or None while it is being read."""
        if path not in self._slots:
            self._slots[path] = None
            if self._at_once:
                self._load(path)
            else:
                self._wanted.put(path)
                self._start()
        return self._slots[path]

    def renew(self, changed: Collection[Path]) -> None:
        """Read files again that have changed; until they are read, and if they cannot be, the sound before stays.

        Args:
            changed: Resolved paths.
        """
        for path in [path for path in self._slots if Path(path).resolve() in changed]:
            if self._at_once:
                self._load(path)
            else:
                self._wanted.put(path)
                self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="samples", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            self._load(self._wanted.get())

    def _load(self, path: str) -> None:
        try:
            with self._lock:
                self._slots[path] = self._slot(Path(path))
        except (OSError, ValueError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
            if self._slots[path] is None:
                self._slots[path] = MISSING
            text = "is not there" if not Path(path).is_file() else f"cannot be played ({error})"
            then = "it stays silent" if self._slots[path] == MISSING else "the one before goes on"
            self._report(Problem(path, 0, f"the sound file {text}; {then}"))

    def _slot(self, path: Path) -> int:
        """Return the slot that holds a file; read it into a free one if none does."""
        stat, rate = path.stat(), int(self._memory.header[H_RATE])
        name = f"{path.resolve()}|{stat.st_mtime_ns}|{stat.st_size}|{rate}"
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest()) + 1
        directory = self._memory.sample
        for slot in range(SAMPLES):
            if directory[slot, B_READY] and directory[slot, B_KEY] == key:
                return slot
        wave = read_mono(path, rate)
        slot, start = int(directory[:, B_READY].sum()), int(self._memory.header[H_BANK_USED])
        if slot >= SAMPLES or start + wave.size > BANK:
            raise ValueError(f"more than {BANK // rate} s or {SAMPLES} files of samples")
        self._memory.bank[start : start + wave.size] = wave
        self._memory.header[H_BANK_USED] = start + wave.size
        directory[slot] = (key, start, wave.size, 0)
        directory[slot, B_READY] = 1
        return slot


def read_mono(path: Path, rate: int) -> NDArray[np.float32]:
    """Return a sound file as one channel at a rate. Shape (frames,), float32.

    Raises:
        RuntimeError: The file is no sound file.
        ValueError: It is empty or holds numbers that are not finite.
    """
    import soundfile  # here, so that a show without samples needs no sound library
    from scipy.signal import resample_poly

    data, file_rate = soundfile.read(path, dtype="float32", always_2d=True)
    wave: NDArray[np.float32] = data.mean(axis=1)
    if file_rate != rate:
        common = np.gcd(rate, file_rate)
        wave = resample_poly(wave, rate // common, file_rate // common)
    if wave.size < 4 or not np.isfinite(wave).all():
        raise ValueError("empty, or with bad numbers")
    return wave.astype(np.float32)
