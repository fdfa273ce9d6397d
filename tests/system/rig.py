"""Simulated projectors: an X server with as many outputs as asked, screenshots of it, and a hand on mouse and keys."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
FIRST_DISPLAY = 81
TOOLS = ("Xorg", "xrandr", "xwininfo", "import", "xdotool")
Picture = NDArray[np.uint8]


def missing_tools() -> str:
    """Return what the rig needs and this machine has not, or nothing."""
    return ", ".join(tool for tool in TOOLS if not shutil.which(tool))


class Projectors:
    """An X server of our own; `env` points programs at it.

    Args:
        sizes: (width, height) of each output, from left to right; 640x360, 1280x720, 1280x800 or 1920x1080, four at
            most.
        folder: Where the server's logs go.
    """

    def __init__(self, sizes: list[tuple[int, int]], folder: Path) -> None:
        self.display = f":{_free_number()}"
        self.env = {**os.environ, "DISPLAY": self.display}
        lefts = itertools.accumulate((width for width, _ in sizes), initial=0)
        self.areas = [(left, 0, *size) for left, size in zip(lefts, sizes, strict=False)]
        modes = [f"{width}x{height}" for width, height in sizes]
        self._script = [str(HERE / "start_projectors.sh"), self.display, *modes]
        self._folder = folder
        self.begin()

    def begin(self) -> None:
        """Start the server, again after `die`."""
        script = subprocess.run(self._script, text=True, check=True, stdout=subprocess.PIPE,
                                env={**os.environ, "TMPDIR": str(self._folder)})
        self._pid = int(script.stdout)

    def die(self) -> None:
        """Kill the server, as a crash would."""
        os.kill(self._pid, signal.SIGKILL)
        Path(f"/tmp/.X{self.display[1:]}-lock").unlink()

    def signal(self, number: int) -> None:
        """Send the server a signal: SIGSTOP, SIGCONT."""
        os.kill(self._pid, number)

    def screenshot(self) -> Picture:
        """Return what all outputs show. RGB, shape (height, width, 3), uint8."""
        shot = subprocess.run(["import", "-window", "root", "bmp:-"], env=self.env, check=True, capture_output=True)
        picture = cv2.imdecode(np.frombuffer(shot.stdout, np.uint8), cv2.IMREAD_COLOR)
        return np.ascontiguousarray(picture[..., ::-1])

    def light(self, output: int) -> Picture:
        """Return what one output shows. RGB, shape (height, width, 3), uint8."""
        x, y, width, height = self.areas[output]
        return self.screenshot()[y : y + height, x : x + width]

    def windows(self, title: str) -> int:
        """Return how many windows have a title that begins so."""
        tree = subprocess.run(["xwininfo", "-root", "-tree"], env=self.env, check=True, capture_output=True, text=True)
        return tree.stdout.count(f' "{title}')

    def hand(self, *words: object) -> None:
        """Do something with mouse or keys: xdotool's own words."""
        subprocess.run(["xdotool", *map(str, words)], env=self.env, check=True, capture_output=True)

    def switch(self, output: int, *words: str) -> None:
        """Change one output: xrandr's own words (`--off`, `--mode 1280x720 --pos 0x0`)."""
        subprocess.run(["xrandr", "--output", f"DUMMY{output}", *words], env=self.env, check=True, capture_output=True)

    def stop(self) -> None:
        """End the server and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        until(lambda: not Path(f"/tmp/.X{self.display[1:]}-lock").exists(), 10)


def until(is_so: Callable[[], bool], patience_s: float = 15.0) -> bool:
    """Return True as soon as it is so, False if it is not so in time."""
    end = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _free_number() -> int:
    taken = (Path(f"/tmp/.X{number}-lock").exists() for number in itertools.count(FIRST_DISPLAY))
    return FIRST_DISPLAY + next(index for index, is_taken in enumerate(taken) if not is_taken)
