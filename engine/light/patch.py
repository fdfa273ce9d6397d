"""The patch: which slots of which universes a show's lamps have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.light.fades import LitLamp
from engine.light.fixture import Fixture, fixture_of
from engine.show.forms import lamp_slots
from engine.show.model import Lamp

Floats = NDArray[np.float32]
SIMULATED = "simulated"
LUMINANCE = {"red": 0.2126, "green": 0.7152, "blue": 0.0722}


@dataclass(frozen=True, slots=True)
class Place:
    """A lamp's part of all slots."""

    name: str
    fixture: Fixture
    first: int
    pixels: int


class Patch:
    """Lamps with an address, in one row of slots.

    Args:
        lamps: By name; simulated ones have no slots.
        folder: Where files of fixtures stand.

    Attributes:
        universes: Addresses without their channel: `artnet:10.0.0.5/0`, `sacn:1`, `enttec:/dev/ttyUSB0`.
        universe, channel: Of each slot: the universe by its number in `universes`, and the channel from 0.
        lit: Which slots make light.
        weights: What each lit slot adds to the sum of all light.
        reds: Which lit slots are red.

    Raises:
        MixeurError: A file of a fixture cannot be used.
    """

    def __init__(self, lamps: Mapping[str, Lamp], folder: Path) -> None:
        places: list[Place] = []
        universes: dict[str, int] = {}
        at, size = [], 0
        for lamp in lamps.values():
            if lamp.address == SIMULATED:
                continue
            fixture = fixture_of(lamp.fixture, folder)
            place = Place(lamp.name, fixture, size, lamp.pixels[0] * lamp.pixels[1])
            places.append(place)
            for universe, channel in lamp_slots(lamp.address, len(fixture.slots), place.pixels):
                at.append((universes.setdefault(universe, len(universes)), channel - 1))
            size += place.pixels * len(fixture.slots)
        slots = [slot for place in places for slot in place.fixture.slots * place.pixels]
        self._places, self.universes = tuple(places), tuple(universes)
        self.universe, self.channel = np.array(at, np.int64).reshape(-1, 2).T
        self.lit = np.array([slot.is_light and not slot.byte for slot in slots], np.bool_)
        self.weights = np.array([LUMINANCE.get(slot.role, 1.0) for slot in slots], np.float32)[self.lit]
        self.reds = np.array([slot.role == "red" for slot in slots], np.bool_)[self.lit]

    def values(self, lamps: Mapping[str, LitLamp]) -> Floats:
        """Return what each slot is to hold, 0..1."""
        values = np.zeros(self.lit.size, np.float32)
        for place in self._places:
            lamp = lamps[place.name]
            own = values[place.first : place.first + place.pixels * len(place.fixture.slots)]
            if place.pixels == 1:
                own[:] = place.fixture.values(lamp.light, 1.0, lamp.channels)
            elif lamp.pixels is not None and len(lamp.pixels) == place.pixels:
                own[:] = place.fixture.of_pixels(lamp.pixels).ravel()
            else:
                own[:] = np.tile(place.fixture.values(lamp.light, 1.0, lamp.channels), place.pixels)
        return values
