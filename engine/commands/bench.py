"""`mixeur bench`: measure the engine's figures beside their yardsticks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from engine.atomic import write_atomic
from engine.bench import BenchModule, bench_modules
from engine.bench.figure import Record
from engine.kernel_cache import prepare_cache
from engine.problems import MixeurError, did_you_mean


def add(subparsers: Any) -> None:
    """Add the command to the parser of `mixeur`."""
    parser: argparse.ArgumentParser = subparsers.add_parser("bench", help="measure the engine's figures")
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to measure; none: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one record a figure to FILE")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print a table, write the records; 1 if a figure could not be measured."""
    modules = bench_modules()
    names = _chosen(modules, args.names)
    prepare_cache()
    records: list[Record] = []
    lacking = 0
    print(_row("figure", "value", "target", "met", "peers in the same run"))
    for module in modules:
        wanted = [figure.name for figure in module.FIGURES if figure.name in names]
        if not wanted:
            continue
        try:
            measured = module.measure(wanted)
        except MixeurError as error:
            lacking += 1
            print(f"{', '.join(wanted)}: not measured: {error}", file=sys.stderr)
            continue
        for record in measured:
            print(_line(record), flush=True)
        records += measured
    if args.json:
        write_atomic(args.json, json.dumps(records, indent=2) + "\n")
    return 1 if lacking else 0


def _chosen(modules: Collection[BenchModule], names: Sequence[str]) -> frozenset[str]:
    known = [figure.name for module in modules for figure in module.FIGURES]
    for name in names:
        if name not in known:
            raise MixeurError(f"bench: no figure '{name}'{did_you_mean(name, known)}; known: {', '.join(known)}")
    return frozenset(names or known)


def _line(record: Record) -> str:
    sign = "<=" if record["better"] == "lower" else ">="
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in record["peers"].items())
    name = f"{record['name']} {record.get('path', '')}"
    return _row(name.strip(), f"{record['value']:,.4g} {record['unit']}", f"{sign} {record['target']:,.4g}",
                "yes" if record["met"] else "NO", peers)


def _row(*cells: str) -> str:
    return "{:<36}{:>16}{:>12}  {:<5}{}".format(*cells).rstrip()
