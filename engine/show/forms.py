"""Forms of text in a show file. Each function returns what is wrong with a value, or an empty text."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from engine.problems import did_you_mean
from engine.show import hours

BANDS = 6
SLOTS = 512
FIXTURES = ("dimmer", "rgb", "grb", "rgbw", "grbw")
LAMP_UNIVERSES = {"artnet": (0, 32_767), "sacn": (1, 63_999)}

_OSC_ADDRESS = re.compile(r"(?:/[!-.0-~]+)+")
_OSC_SPECIAL = re.compile(r"[ #*,?\[\]{}]")
_MIDI = re.compile(r"([^/]+)/(?:(?:cc|note)/([0-9]{1,3})|notes|pitch)")
_SERIAL = re.compile(r"[^\s#@]+(?:@[0-9]{2,8})?(?:#[A-Za-z0-9_./-]+)?")
_KEY = re.compile(r"[^\sA-Z]|[a-z0-9]+(?:[ _][a-z0-9]+)*")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")
_HOST = re.compile(r"(?![0-9]+(?:\.[0-9]+)*$)[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_LAMP = re.compile(r"(artnet|sacn):(?:([^/]+)/)?([0-9]{1,5})/([0-9]{1,3})")
_USB_LAMP = re.compile(r"(?:enttec|opendmx):([^\s#@]+)/([0-9]{1,3})")
_DMX = re.compile(r"([0-9]{1,5})/([0-9]{1,3})")
_NUMBERED = re.compile(r"((?:artnet|sacn):(?:.+/)?)([0-9]+)")
_NAME_FORBIDS = re.compile(r"[\s#*,./?\[\]{}:\"'\\]")


def name(text: str) -> str:
    """Names are parts of OSC addresses and of the paths that problems show."""
    if not text:
        return "a name may not be empty"
    bad = _NAME_FORBIDS.search(text)
    if bad or not text.isprintable():
        sign = bad.group() if bad else next(sign for sign in text if not sign.isprintable())
        return f"a name may not hold {sign!r}; use letters, digits, - and _"
    return ""


def filled(text: str) -> str:
    """Any text but an empty one."""
    return "" if text.strip() else "may not be empty"


def all_filled(texts: str | Sequence[str]) -> str:
    """A text, or a list of texts, none of them empty."""
    listed = [texts] if isinstance(texts, str) else texts
    return "" if listed and all(map(str.strip, listed)) else "may not be empty"


def source(text: str) -> str:
    """Where a value comes from, such as `osc:/contact/level`, `midi:desk/cc/21`, `artnet:0/5`, `key:space`."""
    kind, colon, rest = text.partition(":")
    if not colon or kind not in ("osc", "midi", "serial", "key", *LAMP_UNIVERSES):
        return (f"{text!r} is no source; write osc:/address, midi:NAME/cc/N, midi:NAME/note/N, serial:DEVICE, "
                "artnet:UNIVERSE/CHANNEL, sacn:UNIVERSE/CHANNEL or key:NAME")
    if kind in LAMP_UNIVERSES:
        match = _DMX.fullmatch(rest)
        wanted = f"{text!r} is no DMX channel; write {kind}:UNIVERSE/CHANNEL"
        return _slot(kind, match[1], match[2]) if match else wanted
    if kind == "serial" and not _SERIAL.fullmatch(rest):
        return f"{text!r} is no serial source; write serial:DEVICE, serial:DEVICE@BAUD or serial:DEVICE#name"
    if kind == "osc" and (not _OSC_ADDRESS.fullmatch(rest) or _OSC_SPECIAL.search(rest)):
        return f"{text!r} is no OSC address; write osc:/name/name without spaces or signs such as * # ?"
    if kind == "midi" and (not (match := _MIDI.fullmatch(rest)) or int(match[2] or 0) > 127):
        return f"{text!r} is no MIDI control; write midi:NAME/cc/N, /note/N (N from 0 to 127), /notes or /pitch"
    if kind == "key" and not _KEY.fullmatch(rest):
        return f"{text!r} is no key; write its name in small letters, such as key:space"
    return ""


def midi_device(text: str) -> str:
    """Return the name of the MIDI device in a well-formed source, or an empty text."""
    return text.removeprefix("midi:").partition("/")[0] if text.startswith("midi:") else ""


def time_of_day(text: str) -> str:
    """A time such as `18:30` or `18:30:05`."""
    return "" if _TIME.fullmatch(text) else f"{text!r} is no time of day; write it as 18:30 or 18:30:05"


def opening_hours(text: str) -> str:
    """Opening hours such as `Tue-Sun 10:00-19:00, Sat 20:00-02:00`."""
    try:
        hours.parse_hours(text)
    except ValueError as error:
        return str(error)
    return ""


def key_colour(text: str) -> str:
    """The colour of the wall behind visitors."""
    if text in ("blue", "green", "none") or _HEX.fullmatch(text):
        return ""
    near = did_you_mean(text, ("blue", "green", "none")) or "; must be blue, green, none or a colour such as #0047bb"
    return f"{text!r} is not known{near}"


def ip_address(text: str) -> str:
    """An IPv4 or IPv6 address of this machine."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f"{text!r} is no IP address; write it as 127.0.0.1, or 0.0.0.0 to listen on all networks"
    return ""


def network(text: str) -> str:
    """An address or a network in CIDR notation."""
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        if "host bits" in str(error):
            return f"{text!r} is no network; did you mean '{ipaddress.ip_network(text, strict=False)}'?"
        return f"{text!r} is no network; write it as 192.168.1.0/24, or one address as 192.168.1.20"
    return ""


def networks(texts: Sequence[str]) -> str:
    """A list of networks: the first that is wrong."""
    return next((wrong for text in texts if (wrong := network(text))), "")


def host(text: str) -> str:
    """A peer's name or address."""
    if _HOST.fullmatch(text) or not ip_address(text):
        return ""
    return f"{text!r} is no host; write an address such as 192.168.1.20 or a name such as desk.local"


def fixture(text: str) -> str:
    """One of `FIXTURES`, or a file of the Open Fixture Library: `FILE.json` or `FILE.json#MODE`."""
    if text in FIXTURES or text.partition("#")[0].endswith(".json"):
        return ""
    listed = f"{', '.join(FIXTURES)}, or FILE.json of the Open Fixture Library"
    return f"{text!r} is not known{did_you_mean(text, FIXTURES) or f'; known are {listed}'}"


def lamp_address(text: str) -> str:
    """`simulated`, `artnet:HOST/UNIVERSE/CHANNEL`, `sacn:[HOST/]UNIVERSE/CHANNEL`, or `enttec:DEVICE/CHANNEL`."""
    if text == "simulated":
        return ""
    if usb := _USB_LAMP.fullmatch(text):
        return "" if 1 <= int(usb[2]) <= 512 else f"channel {usb[2]} is out of range; must be 1 to 512"
    match = _LAMP.fullmatch(text)
    if not match or (match[1] == "artnet" and not match[2]):
        wanted = "artnet:HOST/UNIVERSE/CHANNEL, sacn:UNIVERSE/CHANNEL, enttec:DEVICE/CHANNEL or simulated"
        return f"{text!r} is no address of a lamp; write {wanted}"
    return _slot(match[1], match[3], match[4]) or (host(match[2]) if match[2] else "")


def _slot(kind: str, universe: str, channel: str) -> str:
    first, last = LAMP_UNIVERSES[kind]
    if not first <= int(universe) <= last:
        return f"universe {universe} is out of range; must be {first} to {last}"
    return "" if 1 <= int(channel) <= 512 else f"channel {channel} is out of range; must be 1 to 512"


def lamp_slots(text: str, footprint: int, count: int = 1) -> list[tuple[str, int]]:
    """Return the universe (the address without its channel) and the channel of each slot of a well-formed address.

    Args:
        footprint: Slots of a pixel; none is torn between two universes.
        count: Pixels; those beyond a universe go on in the next one, from channel 1.
    """
    universe, _, first = text.rpartition("/")
    own, each = max((SLOTS + 1 - int(first)) // footprint, 1), max(SLOTS // footprint, 1)
    slots = []
    for pixel in range(count):
        further, at = (0, pixel) if pixel < own else (1 + (pixel - own) // each, (pixel - own) % each)
        start = at * footprint + (1 if further else int(first))
        slots += [(_later(universe, further), start + slot) for slot in range(footprint)]
    return slots


def _later(universe: str, further: int) -> str:
    match = _NUMBERED.fullmatch(universe)
    return f"{match[1]}{int(match[2]) + further}" if match and further else universe


def display(value: str | int) -> str:
    """An output's name or its index."""
    if isinstance(value, str):
        return filled(value)
    return "" if value >= 0 else f"{value} is no display; count from 0, or name the output, such as HDMI-1"


def seed(value: str | int) -> str:
    """A number that repeats the piece, or `daily`."""
    if value == "daily" or (isinstance(value, int) and 0 <= value < 2**63):
        return ""
    return f'{value!r} is no seed; write a whole number from 0, or "daily" for a new piece each morning'


def bands(values: Sequence[object]) -> str:
    """The bands of an equaliser."""
    return "" if len(values) <= BANDS else f"must be at most {BANDS} bands, not {len(values)}"


def outline(points: Sequence[tuple[float, float]]) -> str:
    """Three corners or more."""
    return "" if len(points) >= 3 else f"must be three points or more, not {len(points)}"


def corners(points: Sequence[tuple[float, float]]) -> str:
    """Four corners of a convex quadrilateral, clockwise on the screen (y points down)."""
    if len(points) != 4:
        return f"must be four points, not {len(points)}"
    for (ax, ay), (bx, by), (cx, cy) in zip(points, (*points[1:], points[0]), (*points[2:], *points[:2]), strict=True):
        if (bx - ax) * (cy - by) - (by - ay) * (cx - bx) <= 0:
            return "must go clockwise from the top left corner, without crossing or dent"
    return ""
