"""The commands of a session: `mixeur calibrate scan DIR`, `blend`, `photometric`, `colour`, `verify`, `undo`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.atomic import write_atomic
from engine.clock import NS, RealClock, monotonic_ns
from engine.kernel_cache import prepare_cache
from engine.problems import MixeurError
from engine.retention import KEPT_DAYS, delete_expired, keep_until
from engine.safety.exemption import Exemption, confirmed

if TYPE_CHECKING:
    from calibration.session import Session, StagePlan

Words = argparse._SubParsersAction  # as argparse calls what holds sub-commands


def add(words: Words[argparse.ArgumentParser]) -> None:
    """Register the steps of a session."""
    scan = _step(words, "scan", run_scan, "show codes and colours on every projector, and keep what the camera sees")
    add_devices(scan)
    scan.add_argument("--join", action="store_true", help="look with one camera more, --camera NAME: `solve` joins "
                      "what all of them saw through the projectors that they share")
    add_stage(scan)
    add_devices(_step(words, "preflight", run_preflight, "look for what would spoil a scan; 1 if something would"))
    _step(words, "blend", run_blend, "share the light of overlapping projectors, taken as alike")
    photometric = _step(words, "photometric", run_photometric, "blend by the measured light of each projector")
    photometric.add_argument("--target", choices=("smooth", "strict"), help="keep the light there is where no eye sees "
                             "it change, or even everywhere and darker (smooth)")
    colour = _step(words, "colour", run_colour, "the same, and mix colours so that all projectors show the same")
    colour.add_argument("--wall", action="store_true", help="make the wall's own colours good too, as far as light "
                        "can; it costs brightness")
    colour.add_argument("--off", action="store_true", help="take the mix away again")
    verify = _step(words, "verify", run_verify, "show pictures through the profiles and judge them; 1 if one fails")
    verify.add_argument("--camera", metavar="NAME", help="the one that looks, where several have scanned")
    verify.add_argument("--json", metavar="FILE", help="write the figures; - prints them")
    _wait(verify)
    touchup = words.add_parser("touchup", help="edit the profiles of a show by hand, on its projectors; no camera")
    touchup.add_argument("show", type=Path, nargs="?", default=Path("show.toml"), metavar="SHOW")
    touchup.set_defaults(run=prepared(run_touchup))
    history = _step(words, "history", run_history, "list what was calibrated, and what it changed")
    history.add_argument("--json", metavar="FILE", help="write the list; - prints it")
    undo = _step(words, "undo", run_undo, "go back to the profiles before the last step")
    undo.add_argument("--to", type=int, metavar="N", help="or to a state that `history` lists")
    _add_exchange(words)


def _add_exchange(words: Words[argparse.ArgumentParser]) -> None:
    """Register what meets other programs."""
    out = _step(words, "export", run_export, "write the profiles for other programs: MPCDI, PFM warp maps")
    out.add_argument("--mpcdi", type=Path, metavar="FILE", help="all projectors in one file")
    out.add_argument("--pfm", type=Path, metavar="FOLDER", help="a warp map for each projector, NAME.pfm")
    into = _step(words, "import", run_import, "take warps and blends of other programs as profiles: MPCDI, PFM")
    into.add_argument("--mpcdi", type=Path, metavar="FILE", help="all projectors in one file")
    into.add_argument("--pfm", type=Path, nargs="+", metavar="FILE", help="warp maps, called as their projectors")
    into.add_argument("--name", action="append", default=[], metavar="REGION=PROJECTOR",
                      help="which projector a region of the file is, where their names differ")
    into.add_argument("--flip", choices=("rows", "places"), help="the other program counts the map's rows, or the "
                      "stage's places, from the bottom")


def add_devices(parser: argparse.ArgumentParser) -> None:
    """Let a command name projectors and camera."""
    parser.add_argument("--show", type=Path, metavar="SHOW", help="the show whose windows and camera are used; it must "
                      "not be running")
    parser.add_argument("--camera", metavar="NAME", help="the show's camera that looks, if it has several")
    parser.add_argument("--camera-gamma", type=float, metavar="G", help="how the camera encodes light: 1 if its "
                        "numbers are light (raw mode), 2.2 for most webcams and network cameras")
    parser.add_argument("--keep-days", type=int, default=KEPT_DAYS, metavar="N", help="the raw pictures may hold a "
                      f"passer-by: after so many days they are deleted ({KEPT_DAYS})")
    _wait(parser)
    parser.add_argument("--simulate", metavar="ROOM", help="a computed room: cylinder, wall, small_cylinder")
    parser.add_argument("--seed", type=int, default=1, help="of the computed room (1)")


def add_stage(parser: argparse.ArgumentParser) -> None:
    """Let a command say what the stage is, and whether light is measured."""
    parser.add_argument("--stage", choices=("view", "corners", "cylinder"), help="what the stage is: all that the "
                        "camera sees lit, flat between four corners, or round a cylinder")
    for name, what in (("corners", "the stage's corners in the camera's picture, clockwise from top left"),
                       ("top", "further points on a cylinder's top edge"), ("bottom", "and on its bottom edge")):
        parser.add_argument(f"--{name}", nargs="+", metavar="X,Y", help=what)
    parser.add_argument("--size-m", nargs=2, type=float, metavar=("W", "H"), help="the stage's size along the wall")
    parser.add_argument("--no-light", action="store_true", help="codes only: no colours, no blacks")


def run_scan(args: argparse.Namespace) -> int:
    """Take all pictures of a session."""
    from calibration.rigs import rig_of
    from calibration.session import Screen
    from calibration.steps import scan

    session = session_of(args)
    with rig_of(session, permit, _say, args.wait_s) as (rig, wait_s):
        session = replace(session, projectors={name: Screen(size=size) for name, size in rig.sizes.items()})
        _dated(session, args.keep_days)
        scan(session, rig, wait_s, _say, not args.no_light)
    return 0


def run_preflight(args: argparse.Namespace) -> int:
    """Look for what would spoil a scan."""
    from calibration.patterns import plan
    from calibration.preflight import preflight
    from calibration.rigs import rig_of

    session, faults = session_of(args), []
    with rig_of(session, permit, _say, args.wait_s) as (rig, wait_s):
        for name, size in rig.sizes.items():
            found = preflight(rig, name, session.camera, plan(size), wait_s, session.camera_gamma)
            faults += [f"{name}: {fault}" for fault in found]
    _tell(faults or ["nothing would spoil a scan"])
    return 1 if faults else 0


def run_guide(args: argparse.Namespace) -> int:
    """Lead a person from an empty wall to verified profiles, in a window."""
    from calibration.benches import bench_of
    from calibration.guide import Guide
    from calibration.rigs import screens_of
    from calibration.session import Screen

    session = session_of(args)
    if session.room:
        session = replace(session, projectors=screens_of(session))
    with bench_of(session, _say, args.wait_s) as (bench, sheet):
        session = replace(session, projectors={name: Screen(size=size) for name, size in bench.sizes.items()})
        _dated(session, args.keep_days)

        def asked(ask: Callable[[str], str]) -> Exemption:
            return confirmed(ask, True, _quiet, monotonic_ns() / NS)

        return 0 if Guide(session, bench, sheet, asked, _now(), not args.no_light).run() else 1


def session_of(args: argparse.Namespace) -> Session:
    """Return the session that a command's words tell, on top of what stands in its folder."""
    from calibration.rigs import camera_of, show_of
    from calibration.session import Session, is_session, read_session

    session = read_session(args.folder) if is_session(args.folder) else Session(folder=args.folder)
    joins, before = getattr(args, "join", False), session
    if args.simulate:
        session = replace(session, room=args.simulate, seed=args.seed, show=None, camera=args.camera or session.camera)
    elif path := args.show or session.show:
        show, told = show_of(session, Path(path))
        camera = camera_of(show, args.camera or session.camera)
        session = replace(session, room="", show=told.show, profiles=told.profiles, camera=camera.name,
                          camera_gamma=args.camera_gamma or session.camera_gamma)
    if joins and not session.projectors:
        raise MixeurError("scan: there is nothing to join yet; scan with the first camera, without --join")
    if joins:
        session = replace(session, camera=before.camera, cameras=before.cameras).joined_by(session.camera)
    else:
        session = replace(session, cameras=())
    return replace(session, stage=_stage(args, session.stage))


def _dated(session: Session, days: int) -> None:
    """Give the pictures that are about to be taken their last day; those whose day has come go."""
    if session.show is not None:
        today = RealClock().wall().date()
        delete_expired(session.show.parent, today)
        for part in (session.part("scan"), session.part("light")):
            keep_until(session.show.parent, session.folder / part, today + timedelta(days=days))
        _say(f"the raw pictures in {session.folder} are deleted on {today + timedelta(days=days)}")


def permit() -> Exemption:
    """Have a person at this terminal confirm that the room is empty; patterns flash."""
    return confirmed(input, sys.stdin.isatty(), _say, monotonic_ns() / NS)


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
    stand = History(session.profile_folder).profiles().values()
    was_coloured = any(profile.colour for profile in stand)
    was_painted = any(profile.light and profile.light.tint for profile in stand)
    _tell(photometric(session, _now(), was_coloured, _say, was_painted).words)
    return 0


def run_colour(args: argparse.Namespace) -> int:
    """Blend by measured light, and mix colours."""
    from calibration.steps import photometric

    _tell(photometric(_session(args), _now(), not args.off, _say, args.wall and not args.off).words)
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Judge the profiles; 1 if something is out of its limits."""
    from calibration.rigs import rig_of
    from calibration.steps import verify
    from calibration.verify import figures_of

    session, say = _session(args), _say if args.json != "-" else _quiet
    session = replace(session, camera=args.camera or session.camera)
    with rig_of(session, permit, say, args.wait_s) as (rig, wait_s):
        verdict = verify(session, rig, wait_s, say)
    if args.json != "-":
        _tell([*figures_of(verdict), *verdict.wrong])
        print("failed" if verdict.wrong else "passed")
    write_json(args.json, verdict.plain())
    return 1 if verdict.wrong else 0


def run_touchup(args: argparse.Namespace) -> int:
    """Let a person edit profiles in the light."""
    from calibration.touchup import touch_up

    version = touch_up(args.show, _now(), _say)
    _tell(version.words if version else ["nothing was changed"])
    return 0


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

    print(told(History(_session(args).profile_folder).undo(args.to, _now()), True))
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write the profiles for other programs."""
    from calibration.exchange import write_mpcdi, write_pfm

    if not args.mpcdi and not args.pfm:
        raise MixeurError("export: to what? --mpcdi FILE, --pfm FOLDER, or both")
    session = _session(args)
    if args.mpcdi:
        for line in write_mpcdi(session, args.mpcdi, f"{_now()}:00"):
            _say(line)
        _tell([str(args.mpcdi)])
    if args.pfm:
        _tell([str(path) for path in write_pfm(session, args.pfm)])
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Take what other programs found as profiles."""
    from calibration.exchange import named, read_mpcdi, read_pfms, take_in

    if bool(args.mpcdi) == bool(args.pfm):
        raise MixeurError("import: from what? Either --mpcdi FILE or --pfm FILE ...")
    session, names = _session(args), named(args.name)
    regions = read_mpcdi(args.mpcdi) if args.mpcdi else read_pfms(session, args.pfm, names)
    version, told = take_in(session, regions, names, args.flip, _now())
    _tell([*told, *version.words])
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
    parser.add_argument("folder", type=Path, metavar="DIR", help="the session's folder; for `history` and `undo` also "
                        "a show")
    parser.set_defaults(run=prepared(run))
    return parser


def _session(args: argparse.Namespace) -> Session:
    from calibration.rigs import show_of
    from calibration.session import Session, is_session, read_session

    show = args.folder if args.folder.suffix == ".toml" else args.folder / "show.toml"
    if not is_session(args.folder) and show.exists():
        return show_of(Session(folder=args.folder), show)[1]
    return read_session(args.folder)


def _wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait-s", type=float, metavar="S", help="how long each frame is left until the camera is "
                        "asked (measured first)")


def _stage(args: argparse.Namespace, plan: StagePlan) -> StagePlan:
    if "stage" not in args:
        return plan
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
