"""`mixeur identify`: a number and a name on every projector, speaker and lamp, to see and hear which is which."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.clock import RealClock
from engine.show.model import Lamp, Projector, Show, Speaker, Stage
from engine.world import StageSize

if TYPE_CHECKING:
    from engine.render.window import Windows

FPS = 10.0
TURN_S = 2.0


class Speakers(Protocol):
    """What makes one speaker heard alone."""

    def name(self, speaker: Speaker) -> None:
        """Say the number of the speaker's output, or sound that many tones, on it alone."""


class Lamps(Protocol):
    """What makes one lamp seen alone."""

    def flash(self, lamp: Lamp) -> None:
        """Light the lamp once, slowly enough for every eye (at most three flashes a second)."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("identify", help="number every projector, speaker and lamp, or every display")
    parser.add_argument("show", nargs="?", type=Path, help="show file; without one every display is numbered")
    parser.add_argument("--seconds", type=float, help="end by itself (else by Esc or a closed window)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the cards until somebody has seen enough."""
    from engine.render.window import Windows
    from engine.show.files import read_show

    show = read_show(args.show) if args.show else None
    projectors = show.projectors if show else _every_display()
    stage = show.stage if show else Stage()
    windows = Windows(projectors, StageSize(stage.aspect, stage.size_m, stage.size_px), title="identify")
    try:
        identify(windows, projectors, show, seconds=args.seconds)
    finally:
        windows.close()
    return 0


def identify(windows: Windows, projectors: Mapping[str, Projector], show: Show | None = None,
             speakers: Speakers | None = None, lamps: Lamps | None = None, seconds: float | None = None) -> None:
    """Number everything, one speaker or lamp after the other, until Esc, a closed window, or the end of `seconds`.

    Args:
        speakers, lamps: What makes them heard and seen; None: they are left out.
    """
    from engine.render.card import card
    from engine.render.lettering import Lettering

    lettering = Lettering()
    numbers = {name: number for number, name in enumerate(projectors or {"stage": None}, 1)}
    things: list[Speaker | Lamp] = []
    if show:
        things += show.speakers.values() if speakers else ()
        things += show.lamps.values() if lamps else ()
    named: Speaker | Lamp | None = None
    for tick in RealClock(FPS, None if seconds is None else round(seconds * FPS)).ticks():
        turn = things[int(tick.time / TURN_S) % len(things)] if things else None
        if turn is not named:
            named = turn
            _name(turn, speakers, lamps)
        note = turn.name if turn else ""
        windows.present({name: card(lettering, size, numbers[name], name, _place(projectors.get(name)), note)
                         for name, size in windows.sizes.items()})
        done = windows.poll(lambda *_: None)
        if done.quit or "escape" in done.pressed:
            return


def _name(thing: Speaker | Lamp | None, speakers: Speakers | None, lamps: Lamps | None) -> None:
    if isinstance(thing, Speaker) and speakers:
        speakers.name(thing)
    elif isinstance(thing, Lamp) and lamps:
        lamps.flash(thing)


def _place(projector: Projector | None) -> str:
    return "" if projector is None or projector.display is None else f"display {projector.display}"


def _every_display() -> dict[str, Projector]:
    from engine.render.sdl import Sdl
    from engine.render.window import displays_now, open_video

    open_video()
    return {display.name: Projector(name=display.name, display=display.index) for display in displays_now(Sdl())}
