"""`mixeur bench`: measure the engine's figures beside their yardsticks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from engine.atomic import write_atomic
from engine.bench import BenchModule, bench_modules, measured
from engine.bench.figure import Record
from engine.kernel_cache import prepare_cache
from engine.problems import MixeurError, did_you_mean

STDOUT = Path("-")


def add(subparsers: Any) -> None:
    """Add the command to the parser of `mixeur`."""
    parser: argparse.ArgumentParser = subparsers.add_parser("bench", help="measure the engine's figures")
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures or groups of them to measure; none: all")
    parser.add_argument("--json", type=Path, metavar="FILE", nargs="?", const=STDOUT,
                        help="write one record a figure to FILE, or instead of the table")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of figures whose pictures are made at random")
    parser.add_argument("--scene", action="append", metavar="NAME", help="of `works`: which to play (bleu)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, write the records; 1 if a figure could not be measured."""
    modules = bench_modules()
    names = _chosen(modules, args.names)
    prepare_cache()
    choices = {"seed": args.seed} | ({"scenes": args.scene} if args.scene else {})
    records: list[Record] = []
    lacking = 0
    table = sys.stderr if args.json == STDOUT else sys.stdout
    print(_row("figure", "value", "target", "met", "peers in the same run"), file=table)
    for module in modules:
        wanted = [figure.name for figure in module.FIGURES if figure.name in names]
        if not wanted:
            continue
        try:
            found = measured(module, wanted, choices)
        except MixeurError as error:
            lacking += 1
            print(f"{', '.join(wanted)}: not measured: {error}", file=sys.stderr)
            continue
        for record in found:
            print(_line(record), file=table, flush=True)
        records += found
    packed = json.dumps(records, indent=2)
    if args.json == STDOUT:
        print(packed)
    elif args.json:
        write_atomic(args.json, packed + "\n")
    return 1 if lacking else 0


def _chosen(modules: Collection[BenchModule], names: Sequence[str]) -> frozenset[str]:
    groups = {module.__name__.rsplit(".", 1)[-1]: [figure.name for figure in module.FIGURES] for module in modules}
    known = [name for group in groups.values() for name in group]
    chosen: set[str] = set()
    for name in names or known:
        if name not in known and name not in groups:
            near = did_you_mean(name, [*known, *groups])
            raise MixeurError(f"bench: no figure '{name}'{near}; known: {', '.join(known)}")
        chosen.update([name] if name in known else groups[name])
    return frozenset(chosen)


def _line(record: Record) -> str:
    sign = "<=" if record["better"] == "lower" else ">="
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in record["peers"].items())
    name = f"{record['name']} {record.get('path', '')}"
    return _row(name.strip(), f"{record['value']:,.4g} {record['unit']}", f"{sign} {record['target']:,.4g}",
                "yes" if record["met"] else "NO", peers)


def _row(*cells: str) -> str:
    return "{:<36}{:>16}{:>12}  {:<5}{}".format(*cells).rstrip()
