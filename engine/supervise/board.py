"""The board: a small shared table in which the processes of a show see each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.supervise.memory import Block

BOARD_SIZE = 4096
_STOP, _FRAMES, _BEAT_NS, _FIRST_CHILD = 0, 1, 2, 8


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """A process as the supervisor knows it: its pid (0 while it is down) and how often it was started again."""

    name: str
    pid: int
    restarts: int


class Board:
    """Who runs, who beats, and whether all should stop.

    Args:
        children: Names of the processes, in the order that the supervisor uses.
    """

    def __init__(self, block: Block, children: Sequence[str]) -> None:
        self._cells = block.array(np.int64, BOARD_SIZE // 8)
        self._children = tuple(children)

    @property
    def stopping(self) -> bool:
        """Return whether the show is to end."""
        return bool(self._cells[_STOP])

    def stop(self) -> None:
        """Ask every process to end."""
        self._cells[_STOP] = 1

    def beat(self, frames: int, now_ns: int) -> None:
        """Say that the engine has presented a frame."""
        self._cells[_FRAMES] = frames
        self._cells[_BEAT_NS] = now_ns

    @property
    def last_beat_ns(self) -> int:
        """Return when the engine last presented a frame, monotonic; 0 before the first."""
        return int(self._cells[_BEAT_NS])

    def record(self, index: int, pid: int, restarts: int) -> None:
        """Note a child's pid and restarts."""
        self._cells[_FIRST_CHILD + 2 * index : _FIRST_CHILD + 2 * index + 2] = pid, restarts

    def children(self) -> tuple[ChildRecord, ...]:
        """Return all processes under the supervisor."""
        cells = self._cells[_FIRST_CHILD:]
        return tuple(
            ChildRecord(name, int(cells[2 * i]), int(cells[2 * i + 1])) for i, name in enumerate(self._children)
        )
