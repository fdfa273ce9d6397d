"""`mixeur check [SHOW]`: everything that is wrong with a show and its scenes, one problem a line."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from engine.problems import Problem, ShowError
from engine.scene.loader import SceneError, load_scene
from engine.scene.param import ParamSpec
from engine.show.files import ROOM_FILE, read_show
from engine.show.model import Show
from engine.show.params import check_params


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("check", help="name everything that is wrong with a show")
    parser.add_argument("show", nargs="?", default=Path(), type=Path, help="show file, its folder, or one scene")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every problem, or that there is none; 1 if there is one."""
    try:
        show = read_show(args.show)
        problems = scene_problems(show)
    except ShowError as error:
        problems = list(error.problems)
    for problem in problems:
        print(problem)
    if problems:
        return 1
    print(f"{show.sources[0]}: no problems")
    print(summary(show))
    return 0


def scene_problems(show: Show) -> list[Problem]:
    """Return what is wrong with the scenes' code and with the Params that the show sets, after loading each scene."""
    problems: list[Problem] = []
    specs: dict[str, tuple[ParamSpec, ...]] = {}
    for scene in show.scenes.values():
        try:
            loaded = load_scene(scene.file, scene.name, show.folder, say=_silent)
        except SceneError as error:
            problems += error.problems
        else:
            specs[scene.name] = loaded.specs
            loaded.forget()
    folder = show.sources[0].parent
    shown = [replace(problem, path=str(folder / problem.path)) for problem in problems]
    return sorted(dict.fromkeys(shown + check_params(show, specs)))


def summary(show: Show) -> str:
    """Return one line that counts what the show has."""
    parts = (("scene", show.scenes), ("cue", show.programme.cues), ("camera", show.cameras),
             ("projector", show.projectors), ("speaker", show.speakers), ("mic", show.mics),
             ("lamp", show.lamps))
    counts = ", ".join(f"{len(things)} {word}{'' if len(things) == 1 else 's'}" for word, things in parts)
    return f"{show.name}: {counts}" + (f"; simulated, as there is no {ROOM_FILE}" if show.simulated else "")


def _silent(*words: object, **options: object) -> None:
    """Stand for the scenes' `print`: only problems are printed here."""
