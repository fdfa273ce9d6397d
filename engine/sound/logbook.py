"""The logbook of loudness: a line a minute for six months, and the dose, so that no new start forgets it."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine.atomic import append_line, write_atomic
from engine.problems import MixeurError
from engine.sound import ceilings as g
from engine.sound.block import Memory
from engine.sound.meters import read_loudness, read_meters

FORMAT = 1
FOLDER = ".mixeur"
MONTHS = 6
MINUTE_S = 60.0
JOIN_S = 5.0
HEAD = ("time,calibrated,laeq15_db,lceq15_db,laeq8h_db,max_laeq15_db,max_lceq15_db,max_laeq8h_db,gain_db,backend")


def loudness_log(folder: Path) -> Path:
    """Return where the minute log of a show goes that names no folder."""
    return folder / FOLDER / "loudness"


def dose_path(folder: Path) -> Path:
    """Return where a show's dose is kept."""
    return folder / FOLDER / "dose.json"


class Logbook:
    """Writes every minute, in a thread of its own.

    Args:
        memory: The sound block, as its processes see it.
        folder: Of the minute log: one file a month.
        dose: The dose's file.
        wall: Returns the local time.

    Attributes:
        lost: Why it cannot be written, or nothing.
    """

    def __init__(self, memory: Memory, folder: Path, dose: Path, wall: Callable[[], datetime.datetime]) -> None:
        self.lost = ""
        self._memory, self._folder, self._dose, self._wall = memory, folder, dose, wall
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logbook", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Keep the dose, and end."""
        self._end.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        while not self._end.wait(MINUTE_S - self._wall().second):
            self.lost = write_minute(self._memory, self._folder, self._dose, self._wall())
        with suppress(MixeurError):
            keep_dose(self._memory, self._dose, self._wall(), ended=True)


def write_minute(memory: Memory, folder: Path, dose: Path, wall: datetime.datetime) -> str:
    """Append a line to the month's file, remove what is older than six months, and keep the dose.

    Returns:
        Why that could not be done, or nothing.
    """
    try:
        append_line(folder / f"loudness-{wall:%Y-%m}.csv", log_line(memory, wall), HEAD)
        _remove_old(folder, wall)
        keep_dose(memory, dose, wall)
    except OSError as error:
        return f"{folder}: the log of loudness cannot be written: {error.strerror}"
    except MixeurError as error:
        return f"{error}; a new start would forget the dose"
    return ""


def log_line(memory: Memory, wall: datetime.datetime) -> str:
    """Return the levels now as a line of `HEAD`; an uncalibrated room has none."""
    loudness = read_loudness(memory)
    levels = ["" if level is None else f"{level:.1f}"
              for level in (loudness.laeq15_db, loudness.lceq15_db, loudness.laeq8h_db)]
    ceilings = [f"{10 * np.log10(power):.1f}" for power in memory.guard[[g.G_MAX_A15, g.G_MAX_C15, g.G_MAX_A8]]]
    gain_db = loudness.gain_db + loudness.cap_db
    return ",".join([f"{wall:%Y-%m-%dT%H:%M:%S}", "yes" if loudness.calibrated else "no", *levels, *ceilings,
                     f"{gain_db:.1f}", read_meters(memory).backend])


def keep_dose(memory: Memory, path: Path, wall: datetime.datetime, ended: bool = False) -> None:
    """Save what was heard in the last 8 h, minute by minute.

    Args:
        ended: Whether nothing sounds after it.

    Raises:
        MixeurError: It cannot be written.
    """
    newest = max(int(memory.guard[g.G_COUNT]) - 1, 0) // 60
    rows = memory.minutes[[(newest - age) % g.MINUTES for age in range(min(newest, g.MINUTES - 1), -1, -1)]].copy()
    rows[-1] += memory.guard[[g.G_A, g.G_C]]
    plain = {"format": FORMAT, "saved": wall.isoformat(), "ended": ended,
             "minutes": [[float(f"{energy:.4g}") for energy in row] for row in rows]}
    write_atomic(path, json.dumps(plain) + "\n", keep_previous=False)


def restore_dose(memory: Memory, path: Path, wall: datetime.datetime) -> str:
    """Bring a dose that was kept into a sound block that is new; never raises.

    The time since counts as silence. After a crash the time that was not saved any more, at most a minute, counts as
    loud as the loudest minute of the last quarter of an hour.

    Returns:
        A word for the operator, or nothing.
    """
    try:
        rows, age_s = _parsed(path.read_bytes(), wall)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path}: cannot be read: {error.strerror}; the dose begins anew"
    except (ValueError, TypeError, KeyError):
        with suppress(OSError):
            path.replace(path.with_name(path.name + ".broken"))
        return f"{path}: is no dose, set aside as {path.name}.broken; the dose begins anew"
    silent = np.zeros((min(int(age_s // 60), g.MINUTES), 2))
    kept = np.concatenate([rows, silent])[-g.MINUTES + 1 :]
    memory.minutes[: len(kept)] = kept
    memory.guard[g.G_COUNT] = 60 * len(kept)
    last = np.repeat(kept[-g.SECONDS // 60 :] / 60, 60, axis=0)
    places = np.arange(60 * len(kept) - len(last), 60 * len(kept)) % g.SECONDS
    memory.seconds[places] = last
    return ""


def _parsed(raw: bytes, wall: datetime.datetime) -> tuple[np.ndarray, float]:
    """Return the minutes of a dose's file and the seconds since."""
    data = json.loads(raw)
    if data["format"] != FORMAT:
        raise ValueError("another format")
    rows = np.array(data["minutes"], np.float64)
    if rows.ndim != 2 or rows.shape[1] != 2 or not np.isfinite(rows).all() or rows.min() < 0:
        raise ValueError("no energies")
    age_s = max((wall - datetime.datetime.fromisoformat(data["saved"])).total_seconds(), 0.0)
    if not data["ended"]:
        rows = np.concatenate([rows, rows[-g.SECONDS // 60 :].max(axis=0, keepdims=True) * min(age_s / 60, 1.0)])
    return rows, age_s


def _remove_old(folder: Path, wall: datetime.datetime) -> None:
    """Remove the files of months that ended more than six months ago."""
    month = wall.year * 12 + wall.month - 1 - MONTHS
    oldest = f"loudness-{month // 12:04d}-{month % 12 + 1:02d}.csv"
    for path in folder.glob("loudness-????-??.csv"):
        if path.name < oldest:
            path.unlink()
