"""`mixeur stress SHOW`: pull plugs, kill and starve while a show runs, and tell what visitors would have met."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from engine.atomic import write_atomic
from engine.problems import MixeurError
from engine.stress.faults import Kind

LONGEST_CAMPAIGN = 10_000


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "stress", help="pull the plugs of a running show and tell what visitors would have met",
        description="Runs a copy of the show under the real supervisor; your own files are not touched.")  # fmt: skip
    parser.add_argument("show", type=Path, nargs="?", default=Path("show.toml"))
    option = parser.add_argument
    option("--pull", action="append", default=[], metavar="NAME@S[+S]",
           help="take camera.NAME, sound, engine, osc or a --plug away at a second, for some seconds")  # fmt: skip
    option("--campaign", type=int, default=0, metavar="N", help="do N faults by chance")
    option("--seed", type=int, default=1, metavar="K", help="the same seed gives the same campaign (1)")
    option("--pace", type=float, default=15.0, metavar="S", help="seconds from one fault to the next (15)")
    option("--plug", action="append", default=[], nargs=3, metavar=("NAME", "OFF", "ON"),
           help="a thing of the room and the shell's commands that take it away and give it back")  # fmt: skip
    option("--only", metavar="WORDS", help="only faults whose names begin with one of these: engine,sound")
    option("--headless", action="store_true", help="make frames off-screen, without any display")
    option("--simulate", action="store_true", help="leave the room's devices alone")
    option("--json", type=Path, metavar="FILE", help="write the verdict as JSON")
    option("--list", action="store_true", help="name the faults that can be done to this show, and end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rehearse and judge; returns 1 if a limit was broken."""
    if sys.platform != "linux":
        raise MixeurError("stress: needs Linux, where a process can be watched from outside")
    if not 0 <= args.campaign <= LONGEST_CAMPAIGN or not 0.5 <= args.pace <= 600:
        raise MixeurError(f"stress: --campaign takes 0 to {LONGEST_CAMPAIGN} faults, --pace 0.5 to 600 seconds")
    if not (args.campaign or args.pull or args.list):
        raise MixeurError("stress: say what to pull (--pull sound@10) or how many faults (--campaign 20)")
    if args.json and not args.json.resolve().parent.is_dir():
        raise MixeurError(f"--json {args.json}: the folder is not there; make it or name another")
    from engine.stress.campaign import kinds_of, planned, pulled, together
    from engine.stress.plugs import CommandPlug
    from engine.stress.rehearsal import rehearse
    from engine.stress.venue import Venue
    from engine.supervise.priority import WITNESS_NICE, go_first

    options = [f"--{word}" for word in ("headless", "simulate") if getattr(args, word)]
    with tempfile.TemporaryDirectory(prefix="mixeur-stress-") as folder:
        venue = Venue(args.show, Path(folder), options, plugs=[CommandPlug(*words) for words in args.plug])
        kinds = _chosen(kinds_of(venue), args.only)
        faults = together(pulled(kinds, args.pull), planned(kinds, args.campaign, args.seed, args.pace))
        if args.list:
            print("\n".join(f"{kind.name}{f'   --pull {kind.pull}' if kind.pull else ''}" for kind in kinds))
            return 0
        go_first(WITNESS_NICE)
        verdict = rehearse(venue, faults, args.seed, lambda line: print(line, file=sys.stderr, flush=True))
    print(verdict.words())
    if args.json:
        write_atomic(args.json, json.dumps(verdict.data(), indent=2) + "\n")
    return 1 if verdict.breaks else 0


def _chosen(kinds: list[Kind], only: str | None) -> list[Kind]:
    """Return the kinds whose names begin as `--only` says."""
    beginnings = tuple(word.strip() for word in only.split(",")) if only else ("",)
    chosen = [kind for kind in kinds if kind.name.startswith(beginnings)]
    if not chosen:
        raise MixeurError(f"--only {only}: no fault's name begins so; mixeur stress SHOW --list names them")
    return chosen
