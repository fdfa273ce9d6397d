"""A scene apart: what the process of a scene with `isolate = "process"` runs, and what goes to it and comes from it.

Both ways go through leased slots: nobody waits, the newest counts. What may not be missed (notes, arrivals,
keys pressed) is said again until the other side has heard it.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.assembly import scene_parts, stage_size
from engine.clock import LONGEST_DT_S, monotonic_ns
from engine.containment import Failure
from engine.crew import Crew
from engine.deadline import deadline
from engine.light.levels import LampLevel
from engine.render import kernels
from engine.render.compositor import Compositor
from engine.render.layer import Group
from engine.scene.parts import ParamValues
from engine.scene.running import Running
from engine.show.model import SceneEntry, Show
from engine.sound.events import Hold, Note
from engine.supervise.memory import Block
from engine.supervise.slots import SlotReader, Slots, SlotWriter, slots_size
from engine.world import Now

ASK_BYTES, ANSWER_BYTES = 1 << 22, 1 << 20
REMEMBERED = 120  # frames whose notes are said again


@dataclass(frozen=True, slots=True)
class Ask:
    """One frame that is asked for; `number` counts up; `happened` are the last frames in which something did."""

    number: int
    now: Now
    values: ParamValues
    happened: tuple[tuple[int, Now], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the scene made of the newest ask; `notes` are those of the last frames, by number, with their time."""

    number: int
    failure: Failure | None = None
    notes: tuple[tuple[int, float, tuple[Note, ...]], ...] = ()
    holds: tuple[Hold, ...] = ()
    stop: bool = False
    lamps: tuple[LampLevel, ...] = ()
    unknown: frozenset[str] = frozenset()
    cost_ms: Mapping[str, float] | None = None
    said: tuple[str, ...] = ()
    closes: frozenset[str] = frozenset()


def ask_slots(block: Block) -> Slots:
    """Return the slots of what is asked."""
    return Slots(block, ASK_BYTES)


def answer_slots(block: Block, size_px: tuple[int, int]) -> Slots:
    """Return the slots of what is answered, a picture of `size_px` behind the words."""
    return Slots(block, ANSWER_BYTES + size_px[0] * size_px[1] * 4, slots_size(ASK_BYTES))


def block_size(size_px: tuple[int, int]) -> int:
    """Return the bytes of memory that both share."""
    return slots_size(ASK_BYTES) + slots_size(ANSWER_BYTES + size_px[0] * size_px[1] * 4)


def write(slots: SlotWriter, words: object, room: int, picture: NDArray[np.uint8] | None = None) -> bool:
    """Write words and a picture into the next slot; return whether there was room for them."""
    data = pickle.dumps(words, pickle.HIGHEST_PROTOCOL)
    if len(data) > room - 8:
        return False
    slot = slots.begin()
    slot[:8].view(np.int64)[0] = len(data)
    slot[8 : 8 + len(data)] = np.frombuffer(data, np.uint8)
    if picture is not None:
        slot[room : room + picture.size] = picture.reshape(-1)
    slots.publish(room + (picture.size if picture is not None else 0))
    return True


def read(data: NDArray[np.uint8]) -> Any:
    """Return the words of a slot."""
    return pickle.loads(data[8 : 8 + int(data[:8].view(np.int64)[0])].tobytes())


class Apart:
    """The scene in its own process."""

    def __init__(self, show: Show, entry: SceneEntry, key: str, seed: int, block: Block) -> None:
        self._said: deque[str] = deque(maxlen=20)
        crew = Crew()
        parts = scene_parts(show, seed, monotonic_ns, self._say, live=True, deadline=deadline(self._said.append),
                            crew=crew)
        self._running = Running(entry, key, parts)
        self._compositor = Compositor(stage_size(show).size_px, kernels, crew)
        self._asks = SlotReader(ask_slots(block), 0)
        self._answers = SlotWriter(answer_slots(block, stage_size(show).size_px))
        self._notes: deque[tuple[int, float, tuple[Note, ...]]] = deque(maxlen=REMEMBERED)
        self._heard, self._time = 0, -1.0

    def step(self) -> bool:
        """Answer the newest ask, if it is new; return False after a failure."""
        leased = self._asks.newest()
        ask: Ask | None = read(leased.data) if leased is not None else None
        if ask is None or ask.number <= self._heard:
            return True
        now = self._now(ask)
        self._heard = ask.number
        if not self._running.started and (failure := self._running.start(ask.values)) is not None:
            return self._answer(Answer(ask.number, failure))
        made = self._running.step(now, ask.values)
        if isinstance(made, Failure):
            return self._answer(Answer(ask.number, made))
        if made.sounds.notes:
            self._notes.append((ask.number, now.time, made.sounds.notes))
        unknown = made.unknown | frozenset(now.unknown)
        answer = Answer(ask.number, None, tuple(self._notes), made.sounds.holds, made.sounds.stop, made.lamps, unknown,
                        dict(self._running.budget.cost_ms), tuple(self._said), made.closes)
        self._said.clear()
        picture = self._compositor.compose((Group(made.views.get("stage", ())),))
        return self._answer(answer, picture)

    def _now(self, ask: Ask) -> Now:
        """Return the frame's facts, with the time and all that happened since the last frame that was made here."""
        dt = min(ask.now.time - self._time, LONGEST_DT_S) if self._time >= 0.0 else ask.now.dt
        self._time = ask.now.time
        unheard = [now for number, now in ask.happened if number > self._heard]
        return replace(
            ask.now,
            dt=dt,
            arrivals=tuple(visitor for now in unheard for visitor in now.arrivals),
            departures=tuple(visitor for now in unheard for visitor in now.departures),
            pressed=tuple(key for now in unheard for key in now.pressed),
            mics={name: replace(mic, onset=max((now.mics[name].onset for now in unheard), default=0.0))
                  for name, mic in ask.now.mics.items()},
        )

    def _answer(self, answer: Answer, picture: NDArray[np.uint8] | None = None) -> bool:
        if not write(self._answers, answer, ANSWER_BYTES, picture):
            write(self._answers, replace(answer, notes=(), holds=(), said=()), ANSWER_BYTES, picture)
        return answer.failure is None

    def _say(self, scene: str, line: str) -> None:
        self._said.append(line)

