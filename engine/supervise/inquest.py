"""The inquest: why an engine ended, in words, and what the next one is started without."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.clock import NS
from engine.supervise.barred import EVERYTHING, GUESS_S, Barred, as_plain, stamp_of
from engine.supervise.board import Board
from engine.supervise.brake import COUNT, WITHIN_S, End, Kind, Verdict, judge
from engine.supervise.child import DISPLAY_GONE, TOLD_TO_END
from engine.supervise.last_words import innermost, place
from engine.supervise.ward import Gone

OUTSIDE = ("SIGKILL", "SIGHUP", "SIGTERM", "SIGINT")
FROM_OUTSIDE = {TOLD_TO_END, *(-getattr(signal, name, 0) for name in OUTSIDE)}
CANNOT_RUN = (1, 2)  # exit codes of an engine whose show file or room is at fault
WINDOWS = ("pane.py", "sdl.py", "window.py", "x11.py")  # of engine/render: whoever hangs there waits for the display
LEFT_OUT = f"left out after the engine ended {COUNT} times in {WITHIN_S:.0f} s"


class Inquest:
    """Keeps the ends of engines and what they are started without.

    Args:
        board: Where an engine notes whose code runs.
        folder: The show's, from which files are named.
    """

    def __init__(self, board: Board, folder: Path) -> None:
        self._board, self._folder = board, folder
        self._ends: list[End] = []
        self._barred: dict[str, tuple[Barred, int]] = {}
        self._inside: str | None = None

    def open(self) -> None:
        """Note in whose code the engine hangs: asking it where may wake it."""
        self._inside = self._board.inside

    def hold(self, gone: Gone, now_ns: int) -> str:
        """Take an engine's end; return what happened and what follows, in words."""
        shown = self._board.in_picture
        inside, self._inside = self._board.inside if self._inside is None else self._inside, None
        inside = inside if gone.hung else _beside(shown, gone.words) or inside
        self._ends.append(End(now_ns, _kind(gone), inside, shown))
        verdict = judge(self._ends, [f"{barred.scene}\n{barred.file}" for barred, _ in self._barred.values()])
        if verdict.braked:
            self._ends.clear()
        self._bar(verdict, gone, inside, now_ns)
        self._board.clear_notes()
        where = ", the display does not answer" if _at_display(gone) else self._where(inside, gone.words)
        return f"{gone}{where}; started again{_without(verdict)}"

    def told(self, now_ns: int) -> list[dict[str, Any]]:
        """Return the barred scenes for the next engine's plan."""
        self._barred = {
            scene: (barred, since_ns)
            for scene, (barred, since_ns) in self._barred.items()
            if barred.holds and not (barred.guess and now_ns - since_ns > GUESS_S * NS)
        }
        return as_plain(barred for barred, _ in self._barred.values())

    def _bar(self, verdict: Verdict, gone: Gone, inside: str, now_ns: int) -> None:
        for note in verdict.scenes:
            scene, _, file = note.partition("\n")
            line, hook = place(gone.words, file) or (0, "")
            what = _fault(gone) if note == inside and not verdict.guess else LEFT_OUT
            text = f"{hook}: {what}" if hook else what
            self._barred[scene] = (Barred(scene, file, line, text, verdict.guess, stamp_of(file)), now_ns)
        if verdict.everything:
            self._barred[EVERYTHING] = (Barred(EVERYTHING, text=LEFT_OUT, guess=True), now_ns)

    def _where(self, inside: str, words: str) -> str:
        scene, _, file = inside.partition("\n")
        if not scene:
            return ""
        line = (place(words, file) or (0, ""))[0]
        return f" in scene {scene} ({os.path.relpath(file, self._folder)}{f':{line}' if line else ''})"


def _kind(gone: Gone) -> Kind:
    if gone.stopped or _at_display(gone) or (not gone.hung and gone.code in (*FROM_OUTSIDE, *CANNOT_RUN, DISPLAY_GONE)):
        return "outside"
    return "hang" if gone.hung else "crash"


def _at_display(gone: Gone) -> bool:
    file = Path(innermost(gone.words))
    return bool(gone.hung) and file.parent.name == "render" and file.name in WINDOWS


def _beside(shown: Sequence[str], words: str) -> str:
    """Return the scene in whose code a thread beside the loop was, which tries edits; nothing if in none shown."""
    return next((note for note in shown if place(words, note.partition("\n")[2])), "")


def _fault(gone: Gone) -> str:
    return "did not come back, and the engine hung" if gone.hung else f"the engine {gone} here"


def _without(verdict: Verdict) -> str:
    if verdict.everything:
        return " WITHOUT ANY SCENE: it ended too often"
    names = ", ".join(note.partition("\n")[0] for note in verdict.scenes)
    return f" without {names}" if names else ""
