"""`mixeur new-show DIR`: a folder with the sample show, ready to run and to change."""

from __future__ import annotations

import argparse
import shutil
import sysconfig
from importlib import metadata
from pathlib import Path

from engine.problems import MixeurError
from engine.show.files import SHOW_FILE

PARTS = ("scenes", "assets", SHOW_FILE)  # the show file last: a folder that holds it is whole
SHARED = Path("share", "mixeur", "sample")


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("new-show", help="make a folder with the sample show")
    parser.add_argument("folder", type=Path, help="a folder that is empty or not there yet")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy the sample show and say how to run it."""
    make_show(args.folder)
    print(f"{args.folder} holds a show now; try: mixeur run {args.folder} --simulate")
    return 0


def make_show(folder: Path) -> None:
    """Copy the sample show into a folder.

    Raises:
        MixeurError: The folder holds something, or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise MixeurError(f"{folder}: is not empty; name a new folder")
        sample = sample_folder()
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            if (sample / part).is_dir():
                shutil.copytree(sample / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copyfile(sample / part, folder / part)
    except OSError as error:
        raise MixeurError(f"{folder}: cannot be written: {error.strerror or error}") from None


def sample_folder() -> Path:
    """Return where the sample show stands: the repository, or what the wheel has installed."""
    repository = Path(__file__).parents[2]
    installed = metadata.files("mixeur") or ()
    shared = [Path(str(file.locate())) for file in installed if file.match(str(SHARED / SHOW_FILE))]
    for folder in (repository, *(file.parent for file in shared), sysconfig.get_path("data") / SHARED):
        if (folder / SHOW_FILE).is_file() and (folder / "scenes").is_dir():
            return folder
    raise MixeurError("the sample show is not installed; install mixeur again")
