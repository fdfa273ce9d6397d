"""The aftermath: when all faults are over, what is lost, left over, stuck or grown."""

from __future__ import annotations

import ast
import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.stress import processes
from engine.stress.venue import CUE, Told, Venue, Wish
from engine.stress.witness import Life, Witness

SAVED_S = 2.0  # a value asked for so shortly before the engine dies may be the one before
MOST_PARTS = 2  # of the newest kill; the next start removes them
MOST_MORE_HANDLES = 12
MOST_MORE_THREADS = 6
SHORT_LIFE = 60  # looks, one a second


def lost_values(venue: Venue, witness: Witness, report: dict[str, Any]) -> Iterator[str]:
    """Yield what was asked of the show and does not hold at its end."""
    has = {**report.get("params", {}), CUE: report.get("cue", "")}
    gaps = witness.senses.frames.gone
    for name, wish in venue.asked.values.items():
        if wish is None or any(gap.start_s - SAVED_S < wish.at_s < gap.end_s + SAVED_S / 2 for gap in gaps):
            continue
        if not _is(has.get(name), wish):
            yield f"lost: {name} was set to {wish.value} at {wish.at_s:.1f} s and is {has.get(name)}"
    for scene, address in venue.asked.edits.items():
        if address not in has:
            yield f"lost edit: scene.{scene} does not run its newest text, which brings {address}"


def _is(value: Any, wish: Wish) -> bool:
    if isinstance(wish.value, str) or not isinstance(value, (int, float)):
        return bool(value == wish.value)
    return math.isclose(value, wish.value, rel_tol=1e-4, abs_tol=1e-5)


def spoilt_files(venue: Venue, before: set[Path]) -> Iterator[str]:
    """Yield files that are not as they were left, do not parse, or were left over."""
    for path, text in venue.asked.texts.items():
        if not path.is_file() or path.read_text() != text:
            yield f"file: {path.name} is not what was written last"
    for path in files(venue):
        try:
            if path.suffix == ".toml":
                tomllib.loads(path.read_text())
            elif path.suffix == ".json":
                json.loads(path.read_text())
            elif path.suffix == ".py":
                ast.parse(path.read_text())
        except (ValueError, SyntaxError) as error:
            yield f"file: {path.name} does not parse: {error}"
    parts = [path.name for path in sorted(files(venue) - before) if path.name[0] == "." and path.name.count(".") > 2]
    if len(parts) > MOST_PARTS:
        yield f"file: {len(parts)} half-written files were left over: {', '.join(parts[:3])}"


def files(venue: Venue) -> set[Path]:
    """Return the files of the show's folder."""
    return {path for path in venue.show.folder.rglob("*") if path.is_file() and "out" not in path.parts[-2:]}


def orphans(venue: Venue) -> Iterator[str]:
    """Yield processes of the show that are left after its end."""
    for pid in processes.marked(venue.token):
        yield f"orphan: process {pid} is left: {processes.command(pid)}"


def grown(witness: Witness) -> Iterator[str]:
    """Yield processes that hold more and more handles or threads."""
    for life in witness.lives.values():
        change = growth(life)
        if change and change["handles"] > MOST_MORE_HANDLES:
            yield f"growth: {life.name} holds {change['handles']} handles more than at first"
        if change and change["threads"] > MOST_MORE_THREADS:
            yield f"growth: {life.name} runs {change['threads']} threads more than at first"


def growth(life: Life) -> dict[str, float]:
    """Return what a process holds more at its end than in the middle of its life; empty for a short life."""
    held = [each for _, each in life.series]
    if len(held) < SHORT_LIFE:
        return {}
    settled = held[len(held) // 2 :]
    first, last = settled[0], settled[-1]
    return {
        "rss_mb": round(last.rss_mb - first.rss_mb, 1),
        "handles": last.handles - min(held.handles for held in settled[:3]),
        "threads": last.threads - min(held.threads for held in settled[:3]),
    }


def wrong(venue: Venue, witness: Witness, code: int | None, before: set[Path]) -> list[Told]:
    """Return everything that is wrong after a show was asked to end.

    Args:
        code: Its exit code; None if it had to be killed.
        before: The files that stood in its folder at first.
    """
    found = []
    if code != 0:
        found.append("end: the show had to be killed" if code is None else f"end: the show ended with code {code}")
    try:
        report = json.loads(venue.report.read_text())
    except (OSError, ValueError) as error:
        report = {}
        found.append(f"end: no report was written ({error})")
    if report:
        found += lost_values(venue, witness, report)
    found += [*spoilt_files(venue, before), *orphans(venue), *grown(witness)]
    return [*venue.complaints, *(Told(venue.now_s(), text) for text in found)]
