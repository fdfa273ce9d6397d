"""The commands of a session: `mixeur calibrate scan DIR`, `blend`, `photometric`, `colour`, `verify`, `undo`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.atomic import write_atomic
from engine.clock import RealClock
from engine.kernel_cache import prepare_cache
from engine.problems import MixeurError

if TYPE_CHECKING:
    from calibration.session import Session, StagePlan

Words = argparse._SubParsersAction  # as argparse calls what holds sub-commands


def add(words: Words[argparse.ArgumentParser]) -> None:
    """Register the steps of a session."""
    scan = _step(words, "scan", run_scan, "show codes and colours on every projector, and keep what the camera sees")
    scan.add_argument("--simulate", metavar="ROOM", help="a computed room: cylinder, wall, small_cylinder")
    scan.add_argument("--seed", type=int, default=1, help="of the computed room (1)")
    scan.add_argument("--stage", choices=("view", "corners", "cylinder"), help="what the stage is: all that the camera "
                      "sees lit, flat between four corners, or round a cylinder")
    for name, what in (("corners", "the stage's corners in the camera's picture, clockwise from top left"),
                       ("top", "further points on a cylinder's top edge"), ("bottom", "and on its bottom edge")):
        scan.add_argument(f"--{name}", nargs="+", metavar="X,Y", help=what)
    scan.add_argument("--size-m", nargs=2, type=float, metavar=("W", "H"), help="the stage's size along the wall")
    scan.add_argument("--no-light", action="store_true", help="codes only: no colours, no blacks")
    _step(words, "blend", run_blend, "share the light of overlapping projectors, taken as alike")
    photometric = _step(words, "photometric", run_photometric, "blend by the measured light of each projector")
    photometric.add_argument("--target", choices=("smooth", "strict"), help="keep the light there is where no eye sees "
                             "it change, or even everywhere and darker (smooth)")
    colour = _step(words, "colour", run_colour, "the same, and mix colours so that all projectors show the same")
    colour.add_argument("--off", action="store_true", help="take the mix away again")
    verify = _step(words, "verify", run_verify, "show pictures through the profiles and judge them; 1 if one fails")
    verify.add_argument("--json", metavar="FILE", help="write the figures; - prints them")
    history = _step(words, "history", run_history, "list what was calibrated, and what it changed")
    history.add_argument("--json", metavar="FILE", help="write the list; - prints it")
    undo = _step(words, "undo", run_undo, "go back to the profiles before the last step")
    undo.add_argument("--to", type=int, metavar="N", help="or to a state that `history` lists")


def run_scan(args: argparse.Namespace) -> int:
    """Take all pictures of a session."""
    from calibration.rigs import rig_of, screens_of
    from calibration.session import Session, is_session, read_session
    from calibration.steps import scan

    session = read_session(args.folder) if is_session(args.folder) else Session(folder=args.folder)
    if args.simulate:
        session = replace(session, room=args.simulate, seed=args.seed)
        session = replace(session, projectors=screens_of(session))
    session = replace(session, stage=_stage(args, session.stage))
    rig, wait_s = rig_of(session)
    scan(session, rig, wait_s, _say, not args.no_light)
    return 0


def run_solve(args: argparse.Namespace) -> int:
    """Map all projectors of a session."""
    from calibration.steps import solve_session

    figures, version = solve_session(_session(args), _now(), args.force, _say if args.json != "-" else _quiet)
    if args.json != "-":
        _tell(version.words)
    write_json(args.json, figures)
    return 0


def run_blend(args: argparse.Namespace) -> int:
    """Blend by geometry."""
    from calibration.steps import blend

    _tell(blend(_session(args), _now(), _say).words)
    return 0


def run_photometric(args: argparse.Namespace) -> int:
    """Blend by measured light; colours that were mixed stay so."""
    from calibration.history import History
    from calibration.steps import photometric

    session = _session(args)
    session = replace(session, target=args.target or session.target)
    was_coloured = any(profile.colour for profile in History(session.profile_folder).profiles().values())
    _tell(photometric(session, _now(), was_coloured, _say).words)
    return 0


def run_colour(args: argparse.Namespace) -> int:
    """Blend by measured light, and mix colours."""
    from calibration.steps import photometric

    _tell(photometric(_session(args), _now(), not args.off, _say).words)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Judge the profiles; 1 if something is out of its limits."""
    from calibration.rigs import rig_of
    from calibration.steps import verify

    session = _session(args)
    rig, wait_s = rig_of(session)
    verdict = verify(session, rig, wait_s, _say if args.json != "-" else _quiet)
    if args.json != "-":
        for pair in verdict.pairs:
            print(f"{pair.first} and {pair.second}: seam {pair.seam_p95_px:.3f} px, overlap {pair.bright_p95:.2%}, "
                  f"dark {pair.dark_p95:.2%}, black {pair.black_p95:.2%}, colour {pair.colour_de00:.2f}")
        print(f"coverage {verdict.coverage:.1%}")
        _tell(verdict.wrong)
        print("failed" if verdict.wrong else "passed")
    write_json(args.json, verdict.plain())
    return 1 if verdict.wrong else 0


def run_history(args: argparse.Namespace) -> int:
    """List the states of the profiles."""
    from calibration.history import History, joined, told

    history = History(_session(args).profile_folder)
    versions = history.versions()
    if args.json != "-":
        _tell([told(version, version.number == history.current) for version in versions] or ["nothing calibrated yet"])
    write_json(args.json, joined(versions))
    return 0


def run_undo(args: argparse.Namespace) -> int:
    """Go back to an earlier state."""
    from calibration.history import History, told

    print(told(History(_session(args).profile_folder).undo(args.to), True))
    return 0


def prepared(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return a command that chooses where compiled kernels are kept before anything of it imports them."""
    def with_cache(args: argparse.Namespace) -> int:
        prepare_cache()
        return run(args)
    return with_cache


def write_json(file: str | None, data: Any) -> None:
    """Write plain data to a file, or print it where the file is called `-`."""
    text = json.dumps(data, indent=2) + "\n"
    if file == "-":
        print(text, end="")
    elif file:
        write_atomic(Path(file), text, keep_previous=False)


def _step(words: Words[argparse.ArgumentParser], name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser = words.add_parser(name, help=text, description=text)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the session's folder")
    parser.set_defaults(run=prepared(run))
    return parser


def _session(args: argparse.Namespace) -> Session:
    from calibration.session import read_session

    return read_session(args.folder)


def _stage(args: argparse.Namespace, plan: StagePlan) -> StagePlan:
    points = {name: _points(name, getattr(args, name)) for name in ("corners", "top", "bottom") if getattr(args, name)}
    size_m = tuple(args.size_m) if args.size_m else plan.size_m
    return replace(plan, kind=args.stage or plan.kind, size_m=size_m, **points)


def _points(name: str, texts: Sequence[str]) -> tuple[tuple[float, float], ...]:
    try:
        return tuple((float(x), float(y)) for x, y in (text.split(",") for text in texts))
    except ValueError:
        raise MixeurError(f"scan: --{name} takes points of the camera's picture, such as 212,90 1704,82") from None


def _now() -> str:
    return RealClock().wall().strftime("%Y-%m-%d %H:%M")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _quiet(line: str) -> None:
    """Say nothing: what is printed is for a program."""


def _tell(lines: Sequence[str]) -> None:
    for line in lines:
        print(line)
