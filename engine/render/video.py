"""Video: films that follow the show's time, decoded ahead by a thread, or in step under a virtual clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError

Pixels = NDArray[np.uint8]
AHEAD = 8  # frames; hides the 20-70 ms that going back to the beginning takes
FORGOTTEN_S = 2.0


def frames(path: Path, size: tuple[int, int] | None, loop: bool) -> Iterator[tuple[float, Pixels]]:
    """Yield (seconds since the beginning, RGBA) of a film, round after round if it loops.

    Args:
        size: (width, height) to scale to, or None for the film's own.
    Raises:
        MixeurError: It is not a film that can be read.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 25)
            begin = 0.0
            for turn in count():
                if turn:
                    container.seek(0)
                last = begin
                for number, frame in enumerate(container.decode(stream)):
                    at = frame.time if frame.time is not None else number / rate
                    if not number:
                        offset = begin - at
                    last = at + offset
                    picture = frame.reformat(*size, format="rgba") if size else frame.reformat(format="rgba")
                    yield last, np.asarray(picture.to_ndarray(), np.uint8)
                begin = last + 1 / rate
                if not loop or begin <= 0:
                    return
    except (av.FFmpegError, IndexError, OSError) as error:
        raise MixeurError(f"canvas.video: '{path.name}' is not a film that can be read ({error})") from None


class Film:
    """One film that plays from when it was first asked for.

    Attributes:
        asked: When it was last asked for, in the show's seconds.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None, loop: bool, started: float, live: bool) -> None:
        self.asked = started
        self._started = started
        self._frames = frames(path, size, loop)
        self._live = live
        self._queue: deque[tuple[float, Pixels]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: MixeurError | None = None
        self._shown: Pixels | None = None
        if live:
            threading.Thread(target=self._decode_ahead, name=f"video {path.name}", daemon=True).start()

    def at(self, time: float) -> Pixels | None:
        """Return the picture of a moment of the show; the last good one if decoding lags. None before the first."""
        self.asked = time
        position = time - self._started + 1e-6
        if not self._live:
            self._decode_to(position)
        with self._changed:
            while self._queue and self._queue[0][0] <= position:
                self._shown = self._queue.popleft()[1]
            self._changed.notify()
            if self._error:
                raise self._error
        return self._shown

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _decode_to(self, position: float) -> None:
        while not self._ended and (not self._queue or self._queue[-1][0] <= position):
            frame = next(self._frames, None)
            if frame is None:
                self._ended = True
            else:
                self._queue.append(frame)

    def _decode_ahead(self) -> None:
        """Fill the queue; ends by itself when nobody has taken a frame for a while."""
        try:
            for frame in self._frames:
                with self._changed:
                    self._queue.append(frame)
                    self._changed.notify_all()
                    while len(self._queue) >= AHEAD and not self._ended:
                        if not self._changed.wait(FORGOTTEN_S):
                            self._ended = True
                    if self._ended:
                        return
        except MixeurError as error:
            self._error = error


class Films:
    """The films of one canvas; one that is not asked for any more is closed."""

    def __init__(self, live: bool) -> None:
        self._live = live
        self._playing: dict[tuple[Path, tuple[int, int] | None, bool], Film] = {}

    def at(self, path: Path, size: tuple[int, int] | None, loop: bool, time: float) -> Pixels | None:
        """Return the picture that a film shows at a moment."""
        self.forget(time)
        key = path, size, loop
        if key not in self._playing:
            self._playing[key] = Film(path, size, loop, time, self._live)
        return self._playing[key].at(time)

    def forget(self, time: float) -> None:
        """Close the films that were not asked for lately."""
        for key in [key for key, film in self._playing.items() if time - film.asked > FORGOTTEN_S / 2]:
            self._playing.pop(key).close()

    def close(self) -> None:
        """Close every film."""
        for film in self._playing.values():
            film.close()
        self._playing.clear()
