"""Golden tests: pictures, sounds and whole scenes against references that a person has looked at."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.problems import MixeurError
from engine.sound.events import Hold, Sounds

if TYPE_CHECKING:
    from engine.testing.rehearsal import Act, Rehearsal

Pixels = NDArray[np.uint8]
Lines = list[list[Any]]
SIZE = (320, 180)
EXAGGERATED = 8
QUIET_DB = -60.0
STEP_S = 0.25


@dataclass(frozen=True, slots=True)
class Golden:
    """Compares with the references of one folder; what the fixture `golden` gives.

    Attributes:
        references: Folder of the references; what fails is shown in `failed` within it.
        written: Gets the name of each reference that is written instead of compared; None compares.
    """

    references: Path
    written: list[str] | None = None

    def __call__(self, name: str, picture: Pixels, *, tolerance: int = 0) -> None:
        """Compare a picture with `name.png`.

        Args:
            picture: RGB or RGBA. Shape (height, width, 3 or 4), uint8.
            tolerance: Largest difference of any channel of any pixel that still passes.
        Raises:
            AssertionError: They differ; names a picture of expected, got and difference.
        """
        path = self.references / f"{name}.png"
        if self.written is not None:
            self._keep(path, _png(picture))
            return
        expected = _read_picture(path)
        if expected.shape == picture.shape:
            apart = int(np.abs(expected.astype(np.int16) - picture).max(initial=0))
            if apart <= tolerance:
                return
            share = (np.abs(expected.astype(np.int16) - picture).max(axis=2) > tolerance).mean()
            why = f"differs by up to {apart} of 255 in {share:.2%} of the pixels (tolerance {tolerance})"
        else:
            why = f"has the shape {picture.shape}, not {expected.shape}"
        seen = self._show_failure(path, _png(_side_by_side(expected, picture)))
        raise AssertionError(f"{path.name} {why}; expected, got and difference x{EXAGGERATED}: {seen}")

    def sound(self, name: str, heard: Rehearsal | Iterable[Sounds], *, tolerance: float = 0.0) -> None:
        """Compare with `name.json` what was asked for in each frame, or how loud a rehearsal was.

        Args:
            heard: One `Sounds` a frame: its notes and holds are compared. A rehearsal that was played: the level of
                each speaker in decibels, every 0.25 s.
            tolerance: Largest difference of any number that still passes.
        Raises:
            AssertionError: They differ; names the first line that does.
        """
        lines = events(heard) if isinstance(heard, Iterable) else levels(heard.sound.samples, heard.sound.rate)
        path = self.references / f"{name}.json"
        text = "[\n" + ",\n".join(json.dumps(line) for line in lines) + "\n]\n"
        if self.written is not None:
            self._keep(path, text.encode())
            return
        expected = json.loads(_read(path))
        for number, (left, right) in enumerate(zip([*expected, None], [*lines, None], strict=False), start=2):
            if not _near(left, right, tolerance):
                seen = self._show_failure(path, text.encode())
                raise AssertionError(f"{path.name}:{number}: expected {left}, got {right}; all that was heard: {seen}")

    def wav(self, name: str, samples: NDArray[np.float32], rate: int, *, tolerance: float = 3e-4) -> None:
        """Compare a sound with `name.wav` sample by sample.

        Args:
            samples: -1..1. Shape (frames, channels).
            tolerance: Largest difference that still passes: a reference has 16 bits, and processors round differently.

        Raises:
            AssertionError: They differ; names where, and the sound that was heard.
        """
        path = self.references / f"{name}.wav"
        heard = _wav(samples, rate)
        if self.written is not None:
            self._keep(path, heard)
            return
        expected, got = (soundfile.read(io.BytesIO(data), always_2d=True)[0] for data in (_read(path), heard))
        if expected.shape == got.shape:
            apart = np.abs(expected - got).max(axis=1)
            if apart.max(initial=0.0) <= tolerance:
                return
            first = int(np.argmax(apart > tolerance))
            why = f"differs from {first / rate:.4f} s on by up to {20 * np.log10(apart.max()):.0f} dBFS"
        else:
            why = f"has the shape {got.shape}, not {expected.shape}"
        raise AssertionError(f"{path.name} {why}; what was heard: {self._show_failure(path, heard)}")

    def scene(self, path: Path, *, at_s: Sequence[float], seconds: float | None = None, script: Sequence[Act] = (),
              seed: int = 1, visitors: int = 2, name: str = "", tolerance: int = 3) -> None:
        """Rehearse a scene or show and compare its picture at some times, and the sound it asked for.

        Args:
            at_s: Times of the pictures, which are made small for the reference.
            seconds: How long it plays; until the last picture if None.
            script, seed, visitors: As for a rehearsal.
            name: Of the references; the file's own if empty.
            tolerance: Of the pictures: cameras and trackers may round differently on another machine.
        Raises:
            AssertionError: Something differs, or the scene met a problem.
        """
        from engine.show.files import read_show
        from engine.testing.rehearsal import rehearse

        show = read_show(path, simulate=True)
        show = replace(show, stage=replace(show.stage, height_px=2 * SIZE[1]))
        play = rehearse(show, seconds or max(at_s), script=script, seed=seed, visitors=visitors)
        shown = {round(at * show.stage.fps) - 1: at for at in at_s}
        pictures, sounds = {}, []
        for moment in play.frames():
            sounds += [s for s in moment.frame.sounds if not s.stop]
            if moment.tick.frame in shown:
                width = round(SIZE[1] * show.stage.aspect)
                small = cv2.resize(moment.stage[..., :3], (width, SIZE[1]), interpolation=cv2.INTER_AREA)
                pictures[shown[moment.tick.frame]] = np.asarray(small, np.uint8)
        assert play.problems == [], "\n".join(str(problem) for problem in play.problems)
        name = name or path.stem
        for at, picture in pictures.items():
            self(f"{name}-{at:g}s", picture, tolerance=tolerance)
        self.sound(name, sounds, tolerance=0.02)

    def _keep(self, path: Path, data: bytes) -> None:
        assert self.written is not None
        _write(path, data)
        self.written.append(path.name)

    def _show_failure(self, path: Path, data: bytes) -> Path:
        seen = path.parent / "failed" / path.name
        _write(seen, data)
        _write(seen.parent / ".gitignore", b"*\n")
        return seen


def events(sounds: Iterable[Sounds]) -> Lines:
    """Return a line for each note as it begins and for each hold as it begins, changes its pitch, or ends."""
    lines: Lines = []
    held: dict[str, Hold] = {}
    frame = -1
    for frame, heard in enumerate(sounds):
        for note in heard.notes:
            at = None if note.at is None else [round(part, 2) for part in note.at]
            lines.append([frame, "note", str(note.voice), round(note.pitch, 2), round(note.level, 2), at])
        asked = {hold.key: hold for hold in heard.holds}
        for key in [key for key in held if key not in asked]:
            lines.append([frame, "release", key])
            del held[key]
        for key, hold in asked.items():
            if key not in held or (hold.voice, round(hold.pitch)) != (held[key].voice, round(held[key].pitch)):
                lines.append([frame, "hold", key, str(hold.voice), round(hold.pitch, 2)])
                held[key] = hold
    return [*lines, [frame + 1, "end", sorted(held)]]


def levels(samples: NDArray[np.float32], rate: int) -> Lines:
    """Return a line for every 0.25 s: when it begins, and each speaker's level in decibels, -60 for silence."""
    step = round(rate * STEP_S)
    lines: Lines = []
    for begin in range(0, len(samples), step):
        power = np.square(samples[begin : begin + step], dtype=np.float64).mean(axis=0)
        decibels = np.maximum(10 * np.log10(np.maximum(power, 1e-12)), QUIET_DB)
        lines.append([round(begin / rate, 2), [round(float(level), 1) for level in decibels]])
    return lines


def _near(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_near(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= tolerance + 1e-9
    return bool(a == b)


def _side_by_side(expected: Pixels, got: Pixels) -> Pixels:
    """Return what was expected, what came, and where they differ, over black."""
    left, right = (p[..., :3] for p in (expected, got))
    if expected.shape == got.shape:
        apart = np.abs(expected.astype(np.int16) - got)
        shown = apart[..., :3] if apart.shape[2] == 3 else np.maximum(apart[..., :3], apart[..., 3:])
        panes = [left, right, np.minimum(shown * EXAGGERATED, 255).astype(np.uint8)]
    else:
        panes = [left, right]
    out = np.zeros((max(p.shape[0] for p in panes), sum(p.shape[1] for p in panes) + 4 * (len(panes) - 1), 3), np.uint8)
    column = 0
    for pane in panes:
        out[: pane.shape[0], column : column + pane.shape[1]] = pane
        column += pane.shape[1] + 4
    return out


def _png(picture: Pixels) -> bytes:
    order = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    return cv2.imencode(".png", cv2.cvtColor(picture, order), (cv2.IMWRITE_PNG_COMPRESSION, 9))[1].tobytes()


def _wav(samples: NDArray[np.float32], rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype="PCM_16", format="WAV")
    return file.getvalue()


def _read_picture(path: Path) -> Pixels:
    picture = cv2.imdecode(np.frombuffer(_read(path), np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3:
        raise MixeurError(f"{path}: is not a reference picture; write it again with --update-golden")
    order = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(picture, order), np.uint8)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise AssertionError(f"no reference {path}; look at the scene and write it with --update-golden") from None


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
