"""`mixeur calibrate`: projectors seen by a camera, mapped, checked; and the same with a room that is computed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calibration import session_cli
from engine.problems import MixeurError, did_you_mean
from engine.show.profile import write_profile

FIGURES = ("median_px", "p95_px", "p99_px", "gross", "coverage")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command and its own commands."""
    parser = subparsers.add_parser("calibrate", help="align projectors with a camera, guided from start to verified")
    parser.add_argument("--folder", type=Path, default=Path("calibration"), metavar="DIR",
                        help="the session's folder (calibration)")
    session_cli.add_devices(parser)
    session_cli.add_stage(parser)
    parser.set_defaults(run=session_cli.prepared(session_cli.run_guide))
    words = parser.add_subparsers(dest="step", metavar="STEP", help="a single step instead of the guide")
    simulate = words.add_parser("simulate", help="scan computed rooms, and hold the result against the truth")
    simulate.add_argument("--case", action="append", default=[], metavar="NAME", help="one case; may be given again")
    simulate.add_argument("--all", action="store_true", help="every case")
    simulate.add_argument("--seed", type=int, default=1, help="of places, walls and noise (1)")
    simulate.add_argument("--json", metavar="FILE", help="write one record a case; - prints them")
    simulate.add_argument("--keep", type=Path, metavar="DIR", help="keep the pictures of one case, for `solve`")
    simulate.set_defaults(run=session_cli.prepared(run_simulate))
    solve = words.add_parser("solve", help="map a projector, or find its lens, from a folder with a manifest.toml")
    solve.add_argument("folder", type=Path, metavar="DIR")
    solve.add_argument("--json", metavar="FILE", help="write the figures; - prints them")
    solve.add_argument("--profile", type=Path, metavar="FILE", help="write the projector's profile, for the show")
    solve.add_argument("--force", action="store_true", help="of a session: take a result that is worse")
    solve.set_defaults(run=session_cli.prepared(run_solve))
    session_cli.add(words)


def run_simulate(args: argparse.Namespace) -> int:
    """Try the cases; 1 if one of them did not reach its figures."""
    from calibration.trials import keep, trials  # OpenCV and SciPy only when they are wanted

    known = trials()
    for name in args.case:
        if name not in known:
            raise MixeurError(f"simulate: no case '{name}'{did_you_mean(name, known)}; known: {', '.join(known)}")
    if not args.case and not args.all:
        raise MixeurError(f"simulate: name a case with --case, or take --all; known: {', '.join(known)}")
    if args.keep:
        if len(args.case) != 1:
            raise MixeurError("simulate: --keep takes the pictures of one --case")
        keep(args.case[0], args.seed, args.keep)
        return 0
    records: list[Mapping[str, Any]] = []
    for name in args.case or known:
        records.append(_tried(name, known[name], args.seed))
        if args.json == "-":
            print("," if records[1:] else "[", json.dumps(records[-1]), flush=True)
        else:
            print(_line(records[-1]), flush=True)
            session_cli.write_json(args.json, records)  # whoever cannot wait for the rest has these
    if args.json == "-":
        print("]")
    return 0 if all(record["met"] for record in records) else 1


def _tried(name: str, case: Callable[[int], Mapping[str, Any]], seed: int) -> Mapping[str, Any]:
    try:
        return case(seed)
    except MixeurError as error:  # the other cases are tried all the same
        return {"case": name, "seed": seed, **dict.fromkeys(FIGURES), "error": str(error), "met": False}


def run_solve(args: argparse.Namespace) -> int:
    """Map a projector, find its lens, or map a session, from pictures; a profile is written only if those fit."""
    from calibration.session import is_session

    if is_session(args.folder):
        return session_cli.run_solve(args)
    from calibration.solution import solved

    figures, profile = solved(args.folder)
    if args.profile and profile is None:
        raise MixeurError(f"{args.folder}: a board or two views give no map of a stage; leave out --profile")
    if args.json != "-":
        for name, value in figures.items():
            print(f"{name:<18}{value}")
    session_cli.write_json(args.json, figures)
    _refuse(args.folder, figures.get("faults", ()))
    if args.profile and profile is not None:
        write_profile(args.profile, profile)
    return 0


def _refuse(folder: Path, faults: Sequence[str]) -> None:
    """Raise what is wrong with the pictures, so that no profile is made of them."""
    if faults:
        raise MixeurError(f"{folder}: {'; '.join(faults)}; no profile was written")


def _line(record: Mapping[str, Any]) -> str:
    figures = "  ".join(f"{name} {value:.4g}" for name, value in record.items()
                        if isinstance(value, int | float) and name not in ("met", "seed"))
    about = f"{record['goal']:<5}{figures}" if "error" not in record else record["error"]
    return f"{record['case']:<18}{'met' if record['met'] else 'NOT MET':<9}{about}"
