"""One TOML file, read: its values and where they stand, or the one problem that keeps it from being read."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.problems import Problem, ShowError
from engine.show.locate import Places, locate

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_REMEDIES = {
    "invalid value": "text stands in quotes, decimals use a point, true and false are written small",
    "cannot overwrite a value": "the key stands in the file twice",
    "invalid initial character for a key part": "a table in { } stands on one line",
    "expected '=' after a key in a key/value pair": "write name = value; a section's name stands in [brackets]",
    "expected newline or end of document after a statement": "write one setting a line; text stands in quotes",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, unchecked.

    Attributes:
        data: As `tomllib` gives it.
        places: Where its keys stand.
    """

    data: dict[str, Any]
    places: Places


def read_document(path: Path, file: str) -> Document:
    """Read a TOML file; `file` is what problems call it.

    Raises:
        ShowError: It cannot be read, is no UTF-8 or no TOML.
    """
    try:
        return parse_document(path.read_bytes(), file)
    except FileNotFoundError:
        raise ShowError([Problem(file, 0, "there is no such file")]) from None
    except (OSError, ValueError) as error:
        raise ShowError([Problem(file, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}")]) from None


def parse_document(raw: bytes, file: str) -> Document:
    """Parse the bytes of a TOML file; `file` is what problems call it.

    Raises:
        ShowError: It is no UTF-8 or no TOML.
    """
    try:
        text = raw.decode("utf-8-sig")
        return Document(tomllib.loads(text), Places(file, {path: (file, at) for path, at in locate(text).items()}))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ShowError([Problem(file, line, "is not UTF-8 text; save it as UTF-8")]) from None
    except RecursionError:
        raise ShowError([Problem(file, 0, "is nested too deeply")]) from None
    except ValueError as error:
        raise ShowError([_syntax_problem(file, text, str(error))]) from None


def _syntax_problem(file: str, text: str, message: str) -> Problem:
    if message.startswith("Exceeds the limit"):
        return Problem(file, 0, "not TOML: a number has too many digits")
    place = _AT.search(message)
    message = message[: place.start()] if place else message
    message = message[:1].lower() + message[1:]
    remedy = _REMEDIES.get(message)
    said = message + (f" at column {place[2]}" if place and place[2] else "") + (f"; {remedy}" if remedy else "")
    line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
    return Problem(file, line, f"not TOML: {said}")
