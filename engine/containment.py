"""Containment: whatever an artist's code raises becomes a value with its file and line, never the end of the show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.problems import MixeurError, Problem, did_you_mean

LONGEST_TEXT = 300
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """An artist's code that raised: what and where, and in which hook (`load` while the file itself was read)."""

    problem: Problem
    hook: str


def contained(hook: str, sources: Mapping[str, str], work: Callable[[], T]) -> T | Failure:
    """Return what `work` returns, or the failure of whatever it raised, `SystemExit` and recursion too.

    Args:
        hook: What runs, for the failure.
        sources: The artist's files: real path to the path as shown; the first is blamed where no other is at fault.

    Raises:
        KeyboardInterrupt: A person pressed Ctrl-C: that ends the show.
    """
    try:
        return work()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Failure(blame(error, hook, sources), hook)


def blame(error: BaseException, hook: str, sources: Mapping[str, str]) -> Problem:
    """Return the problem that an exception is, at the deepest line of the artist's own files."""
    path, line = next(iter(sources.values()), hook), 0
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name in sources:
            path, line = sources[name], trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename is not None and error.filename in sources:
        path, line = sources[error.filename], error.lineno or 0
    prefix = "" if hook == "load" else f"{hook}: "
    return Problem(path, line, prefix + _describe(error))


def _describe(error: BaseException) -> str:
    try:
        text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    except Exception:
        text = ""
    if isinstance(error, SystemExit):
        return "sys.exit() ends no show; remove it"
    if isinstance(error, MixeurError) and text:
        return text[:LONGEST_TEXT]
    kind = type(error).__name__
    return (f"{kind}: {text}" if text else kind)[:LONGEST_TEXT] + _nearest(error)


def _nearest(error: BaseException) -> str:
    name, owner = getattr(error, "name", None), getattr(error, "obj", None)
    if not isinstance(error, AttributeError) or not isinstance(name, str) or owner is None:
        return ""
    try:
        return did_you_mean(name, [known for known in dir(owner) if not known.startswith("_")])
    except Exception:
        return ""
