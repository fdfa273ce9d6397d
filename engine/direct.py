"""Direct: what a listener hears moves the sounds that are bound to it at once, without waiting for the next frame."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from engine.clock import NS
from engine.inputs.touch import TouchState
from engine.inputs.touch import step as step_touch
from engine.sense import Room
from engine.show.model import TouchInput
from engine.world import Event, Now

QUIET_NS = 100_000_000  # a source that is silent for so long is left to the frames, which know how things fade
KEY = "key:"  # keys are heard by the frames themselves
Sample = tuple[float, float]


class Follower(Protocol):
    """What sounds: `SoundControl`."""

    @property
    def bound(self) -> Collection[str]:
        """Names that sounds follow: of a touch, of a signal, or `osc:/address`."""

    def tell(self, name: str, value: float) -> None:
        """Take a value, 0..1; from any thread."""


class Direct:
    """The short way from a sensor to a sounding hold (`level_from`, `pitch_from`).

    `hear` is called in the listener's thread. A signal is scaled as the show says. A touch is understood from what the
    newest frame knew and what was heard since: the same pure step that the next frame takes. Names that were not heard
    just now are told by `frame`, from `now`: keys, fades, lost senders, and everything in a rehearsal.
    """

    def __init__(self, room: Callable[[], Room], sound: Follower) -> None:
        self._room, self._sound = room, sound
        self._states: Mapping[str, TouchState] = {}
        self._samples: defaultdict[str, list[Sample]] = defaultdict(list)
        self._heard_ns: dict[str, int] = {}

    def hear(self, event: Event) -> None:
        """Tell what follows an event, now."""
        source, bound = event.source, self._sound.bound
        if not bound or source.startswith(KEY):
            return
        room = self._room()
        if source in bound:
            self._tell(source, event.value, event.time_ns)
        for name, signal in room.signals.items():
            if signal.source == source and name in bound:
                self._tell(name, (event.value - signal.low) / (signal.high - signal.low), event.time_ns)
        for name, touch in room.touches.items():
            if touch.source == source and name in bound:
                self._samples[name].append((event.time_ns / NS, event.value))
                self._tell(name, self._touched(name, touch), event.time_ns)

    def frame(self, now: Now, states: Mapping[str, TouchState], events: Sequence[Event], time_ns: int) -> None:
        """Take what a frame knows, and tell what was not heard directly.

        Args:
            states: What is known of the touches after it.
            events: What it heard.
            time_ns: When it is due.
        """
        self._states = states
        for name, samples in tuple(self._samples.items()):
            state = states.get(name)
            known_s = state.recent[-1][0] if state and state.recent else -math.inf
            del samples[: sum(time_s <= known_s for time_s, _ in samples)]
        newest = {event.source: event.value for event in events}
        for name in tuple(self._sound.bound):
            if time_ns - self._heard_ns.get(name, 0) > QUIET_NS:
                if name in now.touches:
                    self._sound.tell(name, now.touches[name].level)
                elif name in now.signals or name in newest:
                    self._sound.tell(name, now.signals.get(name, newest.get(name, 0.0)))

    def _touched(self, name: str, conf: TouchInput) -> float:
        samples = tuple(self._samples[name])
        _, touch = step_touch(self._states.get(name, TouchState()), samples, samples[-1][0], conf)
        return touch.level

    def _tell(self, name: str, value: float, time_ns: int) -> None:
        self._heard_ns[name] = time_ns
        self._sound.tell(name, value)
