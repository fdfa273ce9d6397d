"""The thread that reads a source as fast as it gives, knows when it is lost whatever it says, and opens it again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from engine.clock import NS, monotonic_ns
from engine.inputs.camera_http import OPENING_S
from engine.inputs.camera_picture import PictureWatch
from engine.inputs.camera_source import DEADLINE_S, Source, SourceLost
from engine.world import CameraState, Pixels

STALE_S = 1.0
SOON = 0.9  # share of the limit at which the reason is looked for, so that it is there with the state
PATIENT_AFTER_S = 60.0
QUICK_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
LONGEST_OPENING_S, LONGEST_READING_S = 15.0, 3.0
FROZEN = "it gives the same picture again and again; is its cable loose? Restart the camera if this stays"
CUT = "it gives only pictures that are cut short; is its cable or the network overloaded?"
DARK = "the picture is black; is the lens cap on, or the light off?"

OpenSource = Callable[[float], Source]


def stale_s(fps: float) -> float:
    """Return after how many seconds without a new picture a camera of `fps` is stale."""
    return max(STALE_S, 2.5 / fps)


def retry_s(lost_for_s: float, tries: int) -> float:
    """Return how long to wait before opening again: 0.5 s in the first minute, then 1, 2, 4 .. 30 s."""
    if lost_for_s < PATIENT_AFTER_S:
        return QUICK_RETRY_S
    return float(min(2.0 ** min(tries, 10), LONGEST_RETRY_S))


def opening_s(lost_for_s: float, was_live: bool) -> float:
    """Return how long a camera may take to answer: little while it may come back at any moment, else long."""
    return DEADLINE_S if was_live and lost_for_s < PATIENT_AFTER_S else OPENING_S


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture as it arrived: BGR, shape (height, width, 3), and its stamp."""

    picture: Pixels
    captured_ns: int


class Capture:
    """Keeps only the newest picture of a source that may be lost and come back at any time.

    Args:
        open_it: Opens the source, which may take the seconds that it is given to answer.
        stale_s: Seconds without a new picture after which the source is opened again.

    Attributes:
        patience_ns: When whatever is under way should have come back (monotonic).
        dropped: Pictures that nobody took in time.
        reopened: How often the source came back.
        truncated: Pictures that were thrown away because they were not whole.
        repeated: Pictures equal to the one before.
        message: Why it is lost, for a person to read; empty while pictures come.
        note: What is not as it should be though pictures come.
    """

    def __init__(self, open_it: OpenSource, stale_s: float = STALE_S) -> None:
        self._open_it, self._stale_ns = open_it, round(stale_s * NS)
        self._newest: Shot | None = None
        self._arrival = threading.Condition()
        self._ending = threading.Event()
        self._watch = PictureWatch()
        self._open_ns = 0
        self._new_ns: int | None = None
        self._dark_since_ns: int | None = None
        self._fault = ""  # what came since the last good picture
        self.dropped = self.reopened = self.truncated = self.repeated = 0
        self.message = self.note = ""
        self._expect_within(LONGEST_OPENING_S)
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def newest(self, timeout_s: float) -> Shot | None:
        """Take the newest picture, waiting for it at most `timeout_s`; None if there is no new one."""
        with self._arrival:
            if self._newest is None:
                self._arrival.wait(timeout_s)
            shot, self._newest = self._newest, None
            return shot

    def state(self, now_ns: int) -> CameraState:
        """Return how the source is: stale while it is there but gives nothing new, dark while it sees nothing."""
        dark_since_ns, is_there = self._dark_since_ns, now_ns - self._open_ns < self._stale_ns
        if dark_since_ns is not None and is_there and now_ns - dark_since_ns >= self._stale_ns:
            return "dark"
        if self._new_ns is None:
            return "lost"
        if now_ns - self._new_ns < self._stale_ns:
            return "live"
        return "stale" if is_there else "lost"

    def close(self, timeout_s: float = 0.5) -> bool:
        """Ask the thread to end; return whether it did (a driver can block for ever)."""
        self._ending.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        lost_ns, tries = monotonic_ns(), 0
        while not self._ending.is_set():
            before_ns, lost_for_s = self._new_ns, (monotonic_ns() - lost_ns) / NS
            try:
                self._read_all(opening_s(lost_for_s, before_ns is not None))
            except SourceLost as error:
                self.message = str(error)
            except Exception as error:  # a driver may raise anything, and the show goes on
                self.message = f"{type(error).__name__} in its driver; the camera is opened again"
            if self._new_ns is not None and self._new_ns != before_ns:
                lost_ns, tries = self._new_ns, 0
            wait_s = retry_s((monotonic_ns() - lost_ns) / NS, tries)
            tries += wait_s != QUICK_RETRY_S
            self._expect_within(wait_s + LONGEST_OPENING_S)
            self._ending.wait(wait_s)

    def _read_all(self, within_s: float) -> None:
        """Open the source and read until it is lost."""
        self._expect_within(LONGEST_OPENING_S)
        source = self._open_it(within_s)
        self._open_ns, self._fault = (good_ns := monotonic_ns()), ""
        limit_ns, is_first = round(within_s * NS), True
        try:
            while not self._ending.is_set():
                self._expect_within(LONGEST_READING_S)
                left_s = (good_ns + limit_ns - monotonic_ns()) / NS
                read = self._read(source, left_s) if left_s > 0 else self._give_up()
                if read is None:
                    continue
                self.reopened += is_first and self._new_ns is not None
                good_ns, limit_ns, is_first = monotonic_ns(), round(SOON * self._stale_ns), False
                self._publish(read, source)
        finally:
            source.close()

    def _read(self, source: Source, timeout_s: float) -> Shot | None:
        """Return a picture that is new, or dark; None for one that is cut short or the same again."""
        truncated, skipped = source.truncated, source.skipped
        try:
            read = source.read(timeout_s)
        except SourceLost:
            if self._fault:  # something does come, and the deadline was short
                self._give_up()
            raise
        self._open_ns = monotonic_ns()
        self.truncated += source.truncated - truncated
        self.dropped += source.skipped - skipped
        if read is None:
            self._fault = CUT
            return None
        shot = Shot(*read)
        verdict = self._watch.verdict(shot.picture)
        if verdict == "same" and not source.may_repeat:
            self.repeated += 1
            self._fault = FROZEN
            return None
        self._fault = ""
        if verdict != "dark":
            self._dark_since_ns = None
        elif self._dark_since_ns is None:
            self._dark_since_ns = shot.captured_ns
        return shot

    def _give_up(self) -> NoReturn:
        raise SourceLost(self._fault)

    def _publish(self, shot: Shot, source: Source) -> None:
        """Show a picture to whoever waits; one in which nothing can be seen would only spoil what is learnt."""
        self.message = ""
        if self._dark_since_ns is not None:
            self.note = DARK
            return
        faults = getattr(source, "faults", ())
        self.note = f"not locked: {', '.join(faults)}; set it by hand (v4l2-ctl)" if faults else ""
        self._new_ns = shot.captured_ns
        with self._arrival:
            self.dropped += self._newest is not None
            self._newest = shot
            self._arrival.notify()

    def _expect_within(self, seconds: float) -> None:
        self.patience_ns = monotonic_ns() + round(seconds * NS)
