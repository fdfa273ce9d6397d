"""Addresses: which command an event is. One table for OSC and keys; cues name further sources themselves.

| OSC | key | command |
|---|---|---|
| `/cue/go` | Right | the standby cue |
| `/cue/back` | Left | the cue before |
| `/cue/hold` (with 1 or 0: set) | P | auto-follow waits, or goes on |
| `/cue/NAME` | | that cue |
| `/blackout` (with 1 or 0: set) | B | black and silent, or back |
| `/show/open` (with 1 or 0: set) | U | the house is open, or closed, until its hours next change |
| `/scene/NAME/PARAM value` | | a Param |
| `/tempo/bpm value` | | the tempo |

A button that sends 1 when pressed and 0 when released acts once, when it is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from engine.world import Event

Verb = Literal["go", "back", "hold", "cue", "blackout", "open", "param"]
_KEYS: dict[str, Verb] = {"key:right": "go", "key:left": "back", "key:p": "hold", "key:b": "blackout", "key:u": "open"}
_SWITCHES: dict[str, Verb] = {"osc:/blackout": "blackout", "osc:/show/open": "open"}
_CUE_WORDS: dict[str, Verb] = {"go": "go", "back": "back", "hold": "hold"}


@dataclass(frozen=True, slots=True)
class Command:
    """What an event asks of the director.

    Attributes:
        name: A cue's name, or a Param's address.
        on: For `hold`, `blackout` and `open`: what to set; None: the other way round.
        value: For a Param.
    """

    verb: Verb
    name: str = ""
    on: bool | None = None
    value: Any = None


def command_of(event: Event) -> Command | None:
    """Return the command of an event, or None if it is none or a button's release."""
    source = event.source
    if source in _KEYS:
        return Command(_KEYS[source]) if pressed(event) else None
    if source in _SWITCHES:
        return Command(_SWITCHES[source], on=_switch(event))
    if source.startswith("osc:/cue/"):
        word = source.removeprefix("osc:/cue/")
        verb = _CUE_WORDS.get(word, "cue")
        if verb == "hold":
            return Command("hold", on=_switch(event))
        return Command(verb, word) if pressed(event) else None
    if source.startswith(("osc:/scene/", "osc:/tempo/")):
        return Command("param", source.removeprefix("osc:"), value=argument(event))
    return None


def pressed(event: Event) -> bool:
    """Return whether the event is a press: bare, or with a value above 0."""
    return event.value > 0.0


def argument(event: Event) -> Any:
    """Return what the event carries: nothing counts as 1.0, one argument as itself, several as a tuple."""
    if not event.args:
        return 1.0
    return event.args[0] if len(event.args) == 1 else event.args


def _switch(event: Event) -> bool | None:
    return pressed(event) if event.args else None
