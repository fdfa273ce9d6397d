"""What systemd is told: ready, alive, how it goes, stopping (sd_notify), from presented frames only."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from engine.clock import NS, monotonic_ns
from engine.supervise.board import Board

STATUS_S = 10.0
MORE_TIME_S = 60  # asked for while the engine gets on with its preparations


class Notifier:
    """Tells the service manager; without one it says nothing.

    Args:
        environment: `NOTIFY_SOCKET` names the manager's socket, `WATCHDOG_USEC` how often it wants to hear.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._every_ns = int(environment.get("WATCHDOG_USEC") or 2_000_000) * 1000 // 4
        self._frame_ns = self._sign_ns = 0
        self._next_ns = self._status_ns = 0
        self._started_ns = monotonic_ns()
        self._ready = self._stopping = False

    def look(self, board: Board) -> None:
        """Tell what the board says; to be called often."""
        if not self._address:
            return
        now_ns = monotonic_ns()
        if board.stopping and not board.starts_anew:
            self._stop()
        elif now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            self._tell_frames(board, now_ns)

    def _tell_frames(self, board: Board, now_ns: int) -> None:
        beat_ns, sign_ns = board.last_beat_ns, board.last_sign_ns
        if beat_ns != self._frame_ns:
            self._frame_ns = beat_ns
            self._say("WATCHDOG=1" if self._ready else "READY=1\nWATCHDOG=1")
            self._ready = True
        elif not self._ready and sign_ns != self._sign_ns:
            self._sign_ns = sign_ns
            self._say(f"STATUS=preparing\nEXTEND_TIMEOUT_USEC={MORE_TIME_S * 1_000_000}")
        if self._ready and now_ns >= self._status_ns:
            self._status_ns = now_ns + round(STATUS_S * NS)
            self._say(f"STATUS={self._status(board, now_ns)}")

    def _status(self, board: Board, now_ns: int) -> str:
        restarts = [f"{child.name} {child.restarts}" for child in board.children() if child.restarts]
        words = f"running for {(now_ns - self._started_ns) // NS // 60} min"
        return words + (f"; started again: {', '.join(restarts)}" if restarts else "")

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._say("STOPPING=1")

    def _say(self, text: str) -> None:
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto(text.encode(), address)
            except OSError:
                return  # a manager that does not listen must not stop the show
