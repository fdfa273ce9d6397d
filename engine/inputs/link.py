"""Ableton Link: the tempo of everybody who makes music in this network; the only file that knows aalink (GPL)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from engine import clock
from engine.inputs.beat_clock import LINK
from engine.world import Event

LOOK_S = 0.01
BEFORE_S = 0.5  # a peer that joins sooner sometimes brings its own tempo along
SURE_NS = 200_000  # a look that took longer does not know when it was
PATIENCE_S = 2.0


class LinkClock:
    """A peer of the session, asked for its beat a hundred times a second in a thread of its own.

    Args:
        bpm: What we bring along if nobody else is there.
        beats: In a bar: on these the peers agree.

    Attributes:
        lost: Why there is no Link, or nothing.
        peers: How many others there are.
    """

    def __init__(self, bpm: float, beats: int = 4) -> None:
        self.lost, self.peers = "", 0
        self._newest: Event | None = None
        self._wanted_bpm: float | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(bpm, beats), name="link", daemon=True)
        self._thread.start()

    def poll(self, until_ns: int | None = None) -> list[Event]:
        """Return the newest beat, if there is one since the last call."""
        newest, self._newest = self._newest, None
        return [] if newest is None else [newest]

    def turn(self, bpm: float) -> None:
        """Give the whole session another tempo."""
        self._wanted_bpm = bpm

    def close(self) -> None:
        """Leave the session."""
        self._closing.set()
        self._thread.join(PATIENCE_S)

    def _run(self, bpm: float, beats: int) -> None:
        try:
            import aalink
        except ImportError:
            self.lost = "Ableton Link is not installed; pip install 'mixeur[link]'"
            return
        try:
            asyncio.run(self._listen(aalink, bpm, beats))
        except Exception as error:  # of a library that does as it likes; the show has its own tempo
            self.lost = f"Ableton Link has ended ({type(error).__name__}: {error})"

    async def _listen(self, aalink: Any, bpm: float, beats: int) -> None:
        link = aalink.Link(bpm)
        link.quantum = float(beats)
        await asyncio.sleep(BEFORE_S)
        link.enabled = True
        while not self._closing.is_set():
            wanted, self._wanted_bpm = self._wanted_bpm, None
            if wanted is not None:
                link.tempo = wanted
            begin_ns = clock.monotonic_ns()
            beat, tempo = float(link.beat), float(link.tempo)
            took_ns = clock.monotonic_ns() - begin_ns
            if took_ns < SURE_NS:
                self._newest = Event(LINK, (beat, tempo), begin_ns + took_ns // 2)
            self.peers = int(link.num_peers)
            await asyncio.sleep(LOOK_S)
        link.enabled = False
