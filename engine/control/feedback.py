"""Feedback: what the show tells others: OSC peers its state, controllers the Params that they turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.clock import NS
from engine.control.params import ParamEntry
from engine.world import Event

CONTROL = re.compile(r"midi:([^/]+)/cc/([0-9]+)")
REST_NS = NS  # a knob that is being turned is not pushed back
STEPS = 127
NEVER_NS = -(1 << 62)


class Controller(Protocol):
    """A MIDI output."""

    @property
    def state(self) -> str:
        """Return `open` while it is there."""

    def control(self, number: int, level: float) -> None:
        """Move a controller to 0..1."""


class Peers(Protocol):
    """Where OSC goes."""

    @property
    def lost(self) -> Mapping[str, str]:
        """Return why a peer cannot be reached, or nothing, by its name."""

    def send(self, name: str, address: str, *args: Any) -> None:
        """Send one message to a named peer; never waits."""


@dataclass(frozen=True, slots=True)
class Told:
    """What OSC peers are told, each as `/mixeur/NAME`; `lost` names the devices that are gone."""

    cue: str
    mode: str
    lost: tuple[str, ...]


class Feedback:
    """Tells what changed, and OSC peers everything once a second.

    Args:
        controllers: MIDI outputs by name of the device.
    """

    def __init__(self, peers: Peers, controllers: Mapping[str, Controller]) -> None:
        self._peers, self._controllers = peers, controllers
        self._known: dict[str, tuple[int, int]] = {}
        self._told: Told | None = None
        self._next_ns = 0

    def heard(self, event: Event) -> None:
        """Note where a controller stands by its own word; called in its thread."""
        self._known[event.source] = round(event.value * STEPS), event.time_ns

    def tell(self, told: Told, fps: float, now_ns: int) -> None:
        """Tell every OSC peer how the show is, if that changed or a second has passed."""
        if told == self._told and now_ns < self._next_ns:
            return
        self._told, self._next_ns = told, now_ns + NS
        for name in self._peers.lost:
            self._peers.send(name, "/mixeur/cue", told.cue)
            self._peers.send(name, "/mixeur/mode", told.mode)
            self._peers.send(name, "/mixeur/fps", float(round(fps, 2)))
            self._peers.send(name, "/mixeur/lost", *told.lost)

    def turn(self, params: Iterable[ParamEntry], now_ns: int) -> None:
        """Move faders and lamps of controllers to where their Params are; the first Param of a control decides."""
        done = set()
        for entry in params:
            match = CONTROL.fullmatch(entry.link.source) if entry.link else None
            if match is None or entry.link is None or entry.link.source in done:
                continue
            source, device = entry.link.source, self._controllers.get(match[1])
            done.add(source)
            if device is None or device.state != "open":
                self._known.pop(source, None)  # it is told anew when it is back
                continue
            share = entry.spec.share(entry.value, entry.link.low, entry.link.high)
            level, since_ns = self._known.get(source, (-1, NEVER_NS))
            if share is not None and round(share * STEPS) != level and now_ns - since_ns > REST_NS:
                device.control(int(match[2]), share)
                self._known[source] = round(share * STEPS), NEVER_NS
