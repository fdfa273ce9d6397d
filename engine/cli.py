"""The command line: parses, and hands over to one module of `engine/commands` (or of another package's entry point)."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol

from engine.problems import MixeurError

COMMANDS = ("run", "check", "render", "new_show", "new_scene", "devices", "identify", "projectors", "speakers",
            "doctor", "install_service", "bench", "stress", "measure_latency", "track", "key", "plate")
GROUP = "mixeur.commands"


class Command(Protocol):
    """A module of `engine/commands`, or what an entry point of the group `mixeur.commands` names."""

    def add(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Register a parser whose default `run` takes the arguments and returns the exit code."""


def parser(wanted: str = "") -> argparse.ArgumentParser:
    """Return the parser of one command of ours, or else of every command: what is not wanted is not imported."""
    top = argparse.ArgumentParser(prog="mixeur", description="Runs interactive media installations.")
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    names = [name for name in COMMANDS if name == wanted.replace("-", "_")]
    commands: list[Command] = [importlib.import_module(f"engine.commands.{name}") for name in names or COMMANDS]
    for command in [*commands, *([] if names else _others())]:
        command.add(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error is one line with its remedy, a traceback only with `--debug`."""
    words = sys.argv[1:] if arguments is None else arguments
    args = parser(next((word for word in words if not word.startswith("-")), "")).parse_args(words)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if args.debug:
            raise
        print(_line(error), file=sys.stderr)
        return 1


def _others() -> list[Command]:
    from importlib.metadata import entry_points  # 30 ms that `run` can do without

    return [entry.load() for entry in entry_points(group=GROUP)]


def _line(error: Exception) -> str:
    if isinstance(error, MixeurError):
        return str(error)
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    return f"{type(error).__name__}: {error}{where}; run again with --debug for the place in the code"


if __name__ == "__main__":
    sys.exit(main())
