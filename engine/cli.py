"""The command line: parses, and hands over to one module of `engine/commands` (or of another package's entry point)."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol

from engine.problems import MixeurError

COMMANDS = ("run", "check", "render", "new_show", "new_scene", "devices", "identify", "doctor", "install_service",
            "bench", "stress")
GROUP = "mixeur.commands"


class Command(Protocol):
    """A module of `engine/commands`, or what an entry point of the group `mixeur.commands` names."""

    def add(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Register a parser whose default `run` takes the arguments and returns the exit code."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    top = argparse.ArgumentParser(prog="mixeur", description="Runs interactive media installations.")
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands: list[Command] = [importlib.import_module(f"engine.commands.{name}") for name in COMMANDS]
    commands += [entry.load() for entry in entry_points(group=GROUP)]
    for command in commands:
        command.add(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error is one line with its remedy, a traceback only with `--debug`."""
    args = parser().parse_args(arguments)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if args.debug:
            raise
        print(_line(error), file=sys.stderr)
        return 1


def _line(error: Exception) -> str:
    if isinstance(error, MixeurError):
        return str(error)
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return f"{type(error).__name__}: {error}{where}; run again with --debug for the place in the code"


if __name__ == "__main__":
    sys.exit(main())
