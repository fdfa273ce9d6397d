"""Restart: what a show that was killed, or lost its power, needs to go on where it was; kept in a small file."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.atomic import remove_parts, write_atomic
from engine.problems import MixeurError
from engine.supervise.barred import Barred, as_plain, from_plain

if TYPE_CHECKING:  # the supervisor, which forgets states, needs no director
    from engine.director import Director

FORMAT = 1
FOLDER = ".mixeur"
FRESH = datetime.timedelta(hours=12)  # an older state is yesterday's show: only what is barred holds
EVERY_S, RETRY_S = 1.0, 5.0
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class ShowState:
    """Where a show is.

    Attributes:
        cue: Name of the running cue; empty before the first.
        by_hand: `open` or `closed` if somebody has set the house against its hours.
        params: What was turned, by address.
        followed: The same for Params that a sensor or a controller drives.
        barred: Scenes left out.
    """

    cue: str = ""
    held: bool = False
    blackout: bool = False
    by_hand: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    followed: Mapping[str, Any] = field(default_factory=dict, compare=False)
    barred: tuple[Barred, ...] = ()


def state_path(show: Path) -> Path:
    """Return where the state of a show file (or a folder, or a single scene) is kept."""
    folder, name = (show, "show") if show.is_dir() else (show.parent, show.stem)
    return folder / FOLDER / f"{name}.json"


def good_path(show: Path) -> Path:
    """Return where the last good version of a show's files is kept."""
    return state_path(show).with_suffix(".good")


def state_of(director: Director, by_hand: str, barred: Iterable[Barred]) -> ShowState:
    """Return where the show is now."""
    status = director.status
    turned = [e for e in director.params if e.spec.kind != "trigger" and e.target != e.start]
    return ShowState(
        status.cue, status.held, status.blackout, by_hand,
        {entry.address: entry.target for entry in turned if entry.link is None},
        {entry.address: entry.target for entry in turned if entry.link is not None},
        tuple(barred),
    )  # fmt: skip


def resume(director: Director, state: ShowState, saved: datetime.datetime, wall: datetime.datetime) -> None:
    """Bring a show to where it was at `saved`; Params that are no more are left out."""
    if state.cue:
        director.resume(state.cue, saved, wall)
    director.hold(state.held)
    director.blackout(state.blackout)
    for address, value in (*state.params.items(), *state.followed.items()):
        if director.params.entry(address) is not None:
            director.params.set(address, value)


def write_state(path: Path, state: ShowState, wall: datetime.datetime) -> None:
    """Save a state, whole or not at all, in a folder that is not committed with the show.

    Raises:
        MixeurError: It cannot be written.
    """
    ignore = path.parent / ".gitignore"
    if not ignore.exists():
        write_atomic(ignore, "*\n")
    plain = {
        "format": FORMAT, "saved": wall.isoformat(), "cue": state.cue, "held": state.held, "blackout": state.blackout,
        "by_hand": state.by_hand, "params": dict(state.params), "followed": dict(state.followed),
        "barred": as_plain(state.barred),
    }  # fmt: skip
    write_atomic(path, json.dumps(plain, indent=1) + "\n", keep_previous=False)


def read_state(path: Path, wall: datetime.datetime) -> tuple[ShowState, datetime.datetime, str]:
    """Return the state, when it was saved, and a word for the operator if there is one; never raises.

    A file that cannot be read is set aside as `NAME.broken`.
    """
    remove_parts(path.parent)
    begins = "the show begins anew"
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        state, saved = _parsed(raw)
    except FileNotFoundError:
        return ShowState(), wall, ""
    except OSError as error:
        return ShowState(), wall, f"{path}: cannot be read: {error.strerror}; {begins}"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        with suppress(OSError):
            path.replace(path.with_name(path.name + ".broken"))
        return ShowState(), wall, f"{path}: is no state of a show, set aside as {path.name}.broken; {begins}"
    if wall - saved > FRESH:
        return ShowState(barred=state.barred), wall, ""
    word = f"the show goes on where it was, at cue '{state.cue}'" if state.cue else ""
    return state, saved, word


def forget_state(path: Path) -> None:
    """Remove the state of a show that a person has ended."""
    path.unlink(missing_ok=True)


def _parsed(raw: bytes) -> tuple[ShowState, datetime.datetime]:
    data = json.loads(raw)
    texts = data["cue"], data.get("by_hand", "")  # older states have none
    switches, tables = (data["held"], data["blackout"]), (data["params"], data["followed"])
    kinds = ((texts, str), (switches, bool), (tables, dict))
    if data["format"] != FORMAT or not all(isinstance(value, kind) for values, kind in kinds for value in values):
        raise ValueError("another format")
    saved = datetime.datetime.fromisoformat(data["saved"]).replace(tzinfo=None)
    barred = tuple(from_plain(data["barred"]).values())
    return ShowState(texts[0], *switches, texts[1], *tables, barred), saved


class StateKeeper:
    """Saves where the show is whenever that changes, at most once a second, in a thread of its own.

    Args:
        wall: Returns the local time.

    Attributes:
        lost: Why it cannot be saved, or nothing.
    """

    def __init__(self, path: Path, wall: Callable[[], datetime.datetime]) -> None:
        self.lost = ""
        self._path, self._wall = path, wall
        self._wanted: ShowState | None = None
        self._saved: ShowState | None = None
        self._changed, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self._thread.start()

    def keep(self, state: ShowState) -> None:
        """Save a state soon if it is another one; never waits."""
        is_new = state != self._wanted
        self._wanted = state
        if is_new:
            self._changed.set()

    def close(self) -> None:
        """Save what is not saved yet, and end."""
        self._end.set()
        self._changed.set()
        self._thread.join(RETRY_S)

    def _run(self) -> None:
        ended = False
        while not ended:
            self._changed.wait()
            self._changed.clear()
            ended = self._end.is_set()
            self._end.wait(self._save())

    def _save(self) -> float:
        """Save what is wanted; return for how many seconds to save nothing."""
        state = self._wanted
        if state is None or state == self._saved:
            return 0.0
        try:
            write_state(self._path, state, self._wall())
        except MixeurError as error:
            self.lost = f"{error}; after a crash the show would begin anew"
            self._changed.set()
            return RETRY_S
        self._saved, self.lost = state, ""
        return EVERY_S
