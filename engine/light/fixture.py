"""Fixtures: what each DMX slot of a lamp does, built in or from a file of the Open Fixture Library."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.problems import MixeurError, did_you_mean

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
OFL_LIGHTS = {"Intensity": "dimmer", "Red": "red", "Green": "green", "Blue": "blue", "White": "white",
              "Warm White": "warm white", "Cold White": "cold white", "Amber": "amber", "UV": "uv", "Lime": "lime",
              "Cyan": "cyan", "Magenta": "magenta", "Yellow": "yellow", "Indigo": "indigo"}  # fmt: skip
MOST_SLOTS = 512
MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Slot:
    """One DMX slot.

    Attributes:
        role: `dimmer`, `red`, `green`, `blue`, `white`, or the channel's own name.
        rest: What it holds when nothing is asked of it, 0..1.
        is_light: Whether it makes light, so that the flash guard watches it.
        byte, of: Which byte of its role's value it holds, the greatest first, and how many there are.
        locked: Whether it always rests: a shutter that can strobe by itself stays open.
    """

    role: str
    rest: float = 0.0
    is_light: bool = True
    byte: int = 0
    of: int = 1
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Fixture:
    """A kind of lamp."""

    slots: tuple[Slot, ...]

    def values(self, colour: Colour, level: float, channels: Mapping[str, float]) -> Floats:
        """Return what each slot is to hold.

        Args:
            colour: Linear light of red, green and blue, 0..1.
            level: Times this, 0..1.
            channels: Other channels by name, 0..1.
        Returns:
            0..1. Shape (slots,).
        """
        parts = self._parts([part * level for part in colour])
        values = np.zeros(len(self.slots), np.float32)
        for index, slot in enumerate(self.slots):
            value = slot.rest if slot.locked else channels.get(slot.role, parts.get(slot.role, slot.rest))
            value = min(max(value, 0.0), 1.0)
            whole = round(value * (256**slot.of - 1))
            values[index] = value if slot.of == 1 else (whole >> 8 * (slot.of - 1 - slot.byte) & 255) / 255
        return values

    def of_pixels(self, light: Floats) -> Floats:
        """Return what each slot of many pixels is to hold, shape (n, slots), for their light, shape (n, 3)."""
        whole, least = light.max(axis=1, keepdims=True), light.min(axis=1, keepdims=True)
        white = "white" in (roles := [slot.role for slot in self.slots])
        columns = dict(zip(("red", "green", "blue"), np.hsplit(light - least if white else light, 3), strict=True))
        columns |= {"white": least, "dimmer": whole}
        return np.hstack([columns[role] for role in roles]).clip(0, 1).astype(np.float32)

    def _parts(self, light: Sequence[float]) -> dict[str, float]:
        roles = {slot.role for slot in self.slots}
        brightest = max(light)
        if "red" not in roles:
            return {"dimmer": brightest, "white": 1.0 if "dimmer" in roles else brightest}
        parts = dict(zip(("red", "green", "blue"), light, strict=True))
        if "white" in roles:  # what all three share is whiter, and brighter, from the white one
            white = min(light)
            parts = {name: part - white for name, part in parts.items()} | {"white": white}
        if "dimmer" in roles and brightest > 0:
            parts = {name: part / brightest for name, part in parts.items()}
        return parts | {"dimmer": brightest}


BUILT_IN = {
    "dimmer": Fixture((Slot("dimmer"),)),
    "rgb": Fixture(tuple(Slot(role) for role in ("red", "green", "blue"))),
    "grb": Fixture(tuple(Slot(role) for role in ("green", "red", "blue"))),
    "rgbw": Fixture(tuple(Slot(role) for role in ("red", "green", "blue", "white"))),
    "grbw": Fixture(tuple(Slot(role) for role in ("green", "red", "blue", "white"))),
}


def fixture_of(name: str, folder: Path) -> Fixture:
    """Return a fixture by its name in the show file: built in, or `FILE.json` or `FILE.json#MODE`.

    Raises:
        MixeurError: There is no such file or mode, or the file is none of the Open Fixture Library.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    file, _, mode = name.partition("#")
    try:
        text = (folder / file).read_bytes()[: MOST_BYTES + 1]
        if len(text) > MOST_BYTES:
            raise ValueError("too large")
        return _read(json.loads(text), mode)
    except OSError as error:
        raise MixeurError(f"{file}: {error.strerror}; built in are {', '.join(BUILT_IN)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise MixeurError(f"{file}: is no fixture of the Open Fixture Library ({error!r})") from error


def _read(data: Mapping[str, Any], name: str) -> Fixture:
    modes = data["modes"]
    by_name = {key: mode for mode in modes for key in (mode["name"], mode.get("shortName", mode["name"]))}
    if name and name not in by_name:
        raise MixeurError(f"there is no mode {name!r}{did_you_mean(name, by_name)}; known: {', '.join(by_name)}")
    available = data.get("availableChannels", {})
    fine = {alias: (key, steps) for key, channel in available.items()
            for steps, alias in enumerate(channel.get("fineChannelAliases", ()), 1)}
    slots = tuple(_slot(key, available, fine) for key in (by_name[name] if name else modes[0])["channels"])
    if not 1 <= len(slots) <= MOST_SLOTS:
        raise ValueError("a mode has 1 to 512 channels")
    return Fixture(slots)


def _slot(key: str | None, available: Mapping[str, Any], fine: Mapping[str, tuple[str, int]]) -> Slot:
    if key is None:
        return Slot("", is_light=False, locked=True)
    if not isinstance(key, str):
        raise ValueError("matrix channels are not known here; list the channels by name")
    whole, byte = fine.get(key, (key, 0))
    channel = available[whole]
    of = 1 + len(channel.get("fineChannelAliases", ()))
    every = channel.get("capabilities") or [channel["capability"]]
    kinds = {capability["type"] for capability in every}
    rest = _share(channel.get("defaultValue", 0), channel.get("dmxValueResolution", "8bit"))
    if "ShutterStrobe" in kinds:
        opened = [each for each in every if each["type"] == "ShutterStrobe" and each.get("shutterEffect") == "Open"]
        return Slot(whole, opened[0]["dmxRange"][0] / 255 if opened and "dmxRange" in opened[0] else rest,
                    is_light=False, locked=True)
    if kinds == {"Intensity"}:
        return Slot("dimmer", rest, byte=byte, of=of)
    if kinds == {"ColorIntensity"}:
        return Slot(OFL_LIGHTS.get(every[0]["color"], whole), rest, byte=byte, of=of)
    strobes = bool(kinds & {"Effect", "StrobeSpeed", "StrobeDuration"})
    return Slot(whole, rest, is_light=False, byte=byte, of=of, locked=strobes)


def _share(value: Any, resolution: str) -> float:
    if isinstance(value, str):
        return float(value.rstrip("%")) / 100
    return float(value) / {"8bit": 255, "16bit": 65535, "24bit": 16777215}[resolution]
