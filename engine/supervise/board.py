"""The board: a small shared table in which the processes of a show see each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.supervise.memory import Block

BOARD_SIZE = 4096
_STOP, _FRAMES, _BEAT_NS, _SIGN_NS, _LOOP_NS, _FIRST_CHILD = 0, 1, 2, 3, 4, 8
_INSIDE, _SHOWN, _NOTE = 2048, 2560, 512  # bytes: where the two notes lie, and how long each may be


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """A process as the supervisor knows it: its pid (0 while it is down) and how often it was started again."""

    name: str
    pid: int
    restarts: int


class Board:
    """Who runs, who beats, whose code runs, and whether all should stop.

    Args:
        children: Names of the processes, in the order that the supervisor uses.
    """

    def __init__(self, block: Block, children: Sequence[str]) -> None:
        self._cells = block.array(np.int64, BOARD_SIZE // 8)
        self._bytes = block.array(np.uint8, BOARD_SIZE)
        self._children = tuple(children)

    @property
    def stopping(self) -> bool:
        """Return whether the show is to end."""
        return bool(self._cells[_STOP])

    def stop(self, anew: bool = False) -> None:
        """Ask every process to end; `anew`: so that they start again with a show file that has changed."""
        self._cells[_STOP] = 2 if anew else 1

    @property
    def starts_anew(self) -> bool:
        """Return whether the show ends only to start again."""
        return int(self._cells[_STOP]) == 2

    # -- what the engine says of itself --------------------------------------------------------

    def beat(self, frames: int, now_ns: int) -> None:
        """Say that the engine has presented a frame."""
        self._cells[_FRAMES] = frames
        self._cells[_BEAT_NS] = now_ns

    @property
    def last_beat_ns(self) -> int:
        """Return when the engine last presented a frame, monotonic; 0 before the first."""
        return int(self._cells[_BEAT_NS])

    def sign(self, now_ns: int) -> None:
        """Say that the engine, which has not yet presented a frame, gets on with its preparations."""
        self._cells[_SIGN_NS] = now_ns

    @property
    def last_sign_ns(self) -> int:
        """Return when the engine last said that it gets on, monotonic."""
        return int(self._cells[_SIGN_NS])

    def begin_loop(self, now_ns: int) -> None:
        """Say that the engine's preparations are over and its first frame is next."""
        self._cells[_LOOP_NS] = now_ns

    @property
    def last_life_ns(self) -> int:
        """Return when the engine last presented a frame or began its loop, monotonic; 0 before the first time."""
        return int(max(self._cells[_BEAT_NS], self._cells[_LOOP_NS]))

    def enter(self, note: bytes) -> None:
        """Note whose code runs from now on (`note_of`); nobody's if empty."""
        self._write(_INSIDE, note)

    @property
    def inside(self) -> str:
        """Return the note of the scene whose code runs, or nothing."""
        return self._read(_INSIDE)

    def picture(self, notes: Iterable[bytes]) -> None:
        """Note which scenes are in the picture."""
        self._write(_SHOWN, b"\0".join(notes))

    @property
    def in_picture(self) -> tuple[str, ...]:
        """Return the notes of the scenes in the picture."""
        return tuple(note for note in self._read(_SHOWN).split("\0") if note)

    def clear_notes(self) -> None:
        """Forget what an engine that has ended had noted."""
        self.enter(b"")
        self.picture(())

    # -- what the supervisor says of them all --------------------------------------------------

    def record(self, index: int, pid: int, restarts: int) -> None:
        """Note a child's pid and restarts."""
        self._cells[_FIRST_CHILD + 2 * index : _FIRST_CHILD + 2 * index + 2] = pid, restarts

    def children(self) -> tuple[ChildRecord, ...]:
        """Return all processes under the supervisor."""
        cells = self._cells[_FIRST_CHILD:]
        return tuple(
            ChildRecord(name, int(cells[2 * i]), int(cells[2 * i + 1])) for i, name in enumerate(self._children)
        )

    # -- how -----------------------------------------------------------------------------------

    def _write(self, start: int, note: bytes) -> None:
        length = len(note)
        if length > _NOTE - 8:
            return
        self._cells[start // 8] = 0  # a writer that is killed here leaves no half note
        if length:
            self._bytes[start + 8 : start + 8 + length] = bytearray(note)
            self._cells[start // 8] = length

    def _read(self, start: int) -> str:
        length = int(self._cells[start // 8])
        return self._bytes[start + 8 : start + 8 + length].tobytes().decode(errors="replace")


def note_of(scene: str, file: str) -> bytes:
    """Return the note of a scene; `file` is its whole path."""
    return f"{scene}\n{file}".encode()
