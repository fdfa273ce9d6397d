"""`mixeur projectors`: power and shutter of a show's projectors, by PJLink."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.light.pjlink import PjLink
from engine.problems import MixeurError
from engine.show.model import Projector

ACTS: dict[str, Callable[[PjLink], None]] = {
    "on": lambda link: link.power(True),
    "off": lambda link: link.power(False),
    "shut": lambda link: link.shut(True),
    "open": lambda link: link.shut(False),
}


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("projectors", help="switch projectors on and off, shut and open them (PJLink)")
    parser.add_argument("show", type=Path, help="show file with its room")
    parser.add_argument("act", nargs="?", choices=("state", *ACTS), default="state")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="one projector; may be given again")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it to all projectors at once, and print how each is; 1 if one does not do it."""
    from engine.show.files import read_show

    show = read_show(args.show)
    unknown = sorted(set(args.only) - show.projectors.keys())
    if unknown:
        raise MixeurError(f"projectors: there is no projector {unknown[0]!r}; known: {', '.join(show.projectors)}")
    reached = {name: each for name, each in show.projectors.items()
               if each.pjlink and (not args.only or name in args.only)}
    if not reached:
        raise MixeurError('projectors: none has an address; add pjlink = "192.168.1.60" to [projector.NAME]')
    with ThreadPoolExecutor(len(reached)) as pool:
        told = dict(zip(reached, pool.map(lambda each: _told(each, args.act), reached.values()), strict=True))
    for name, (_, words) in told.items():
        print(f"{name:<16}{words}")
    return 0 if all(done for done, _ in told.values()) else 1


def _told(projector: Projector, act: str) -> tuple[bool, str]:
    """Return whether a projector did it, and how it is."""
    try:
        link = PjLink(projector.pjlink or "", projector.pjlink_password)
        try:
            if act in ACTS:
                ACTS[act](link)
            state = link.state()
        finally:
            link.close()
    except MixeurError as error:
        return False, str(error)
    words = [state.power, "shut" if state.shut else "open", *(f"{hours} h" for hours in state.lamp_h)]
    return not state.errors, ", ".join(words + [f"FAULT of {part}" for part in state.errors])
