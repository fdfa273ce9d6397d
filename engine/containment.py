"""Containment: whatever an artist's code raises becomes a value with its file and line, never the end of the show."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar, cast

from engine.deadline import HOOK_S, Deadline, NoDeadline, Overrun
from engine.problems import MixeurError, Problem, did_you_mean

LONGEST_TEXT = 300
UNTOLD = "an exception that does not say what it is"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """An artist's code that raised: what and where, and in which hook (`load` while the file itself was read)."""

    problem: Problem
    hook: str


def contained(
    hook: str,
    sources: Mapping[str, str],
    work: Callable[[], T],
    deadline: Deadline | None = None,
    limit_s: float = HOOK_S,
) -> T | Failure:
    """Return what `work` returns, or the failure of whatever it raised, `SystemExit` and recursion too.

    Args:
        hook: What runs, for the failure.
        sources: The artist's files: real path to the path as shown; the first is blamed where no other is at fault.
        deadline: Ends work that takes longer than `limit_s`.

    Raises:
        KeyboardInterrupt: A person pressed Ctrl-C where that ends a run: in a rehearsal, not in a live show.
    """
    deadline = deadline or NoDeadline()
    try:
        return deadline.run(limit_s, work)
    except BaseException as error:
        if issubclass(type(error), KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            raise
        return Failure(blame(error, sys.exc_info()[2], hook, sources, deadline), hook)


def blame(
    error: BaseException,
    trace: TracebackType | None,
    hook: str,
    sources: Mapping[str, str],
    deadline: Deadline | None = None,
) -> Problem:
    """Return the problem that an exception is, at the deepest line of the artist's own files."""
    path, line = next(iter(sources.values()), hook), 0
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in sources:
            path, line = sources[name], trace.tb_lineno
        trace = trace.tb_next
    try:  # an artist's exception runs an artist's code when it is looked at
        place, text = (deadline or NoDeadline()).run(HOOK_S, lambda: (_place(error), _describe(error)))
    except BaseException:
        place, text = ("", 0), UNTOLD
    if place[0] in sources:
        path, line = sources[place[0]], place[1]
    return Problem(path, line, text if hook == "load" else f"{hook}: {text}")


def _place(error: BaseException) -> tuple[str, int]:
    """Return where a syntax error stands; it is raised where the file is read."""
    syntax = _syntax(error)
    return (str(syntax.filename), syntax.lineno or 0) if syntax else ("", 0)


def _describe(error: BaseException) -> str:
    kind = type(error)
    if issubclass(kind, SystemExit):
        return "sys.exit() ends no show; remove it"
    name = str(type.__dict__["__name__"].__get__(kind))
    try:
        syntax = _syntax(error)
        said = str(syntax.msg if syntax else error)
        text = " ".join(str.split(said[: 4 * LONGEST_TEXT]))
    except Exception:
        text = ""
    if issubclass(kind, MixeurError | Overrun) and text:
        return text[:LONGEST_TEXT]
    return (f"{name}: {text}" if text else name)[:LONGEST_TEXT] + _nearest(error)


def _syntax(error: BaseException) -> SyntaxError | None:
    """Return a syntax error as one; `isinstance` would ask the exception itself."""
    return cast(SyntaxError, error) if issubclass(type(error), SyntaxError) else None


def _nearest(error: BaseException) -> str:
    name, owner = getattr(error, "name", None), getattr(error, "obj", None)
    if not issubclass(type(error), AttributeError) or not isinstance(name, str) or owner is None:
        return ""
    try:
        return did_you_mean(name, [known for known in dir(owner) if not known.startswith("_")])
    except Exception:
        return ""
