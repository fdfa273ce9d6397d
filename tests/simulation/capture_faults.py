"""What may happen to a folder of pictures before it is solved: faults by number, each to be named and none to crash."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from calibration import cli
from calibration.decode import Scan
from calibration.folder import write_scan
from calibration.patterns import plan
from engine.problems import MixeurError

SIZE = (256, 144)
KEPT = "format = 1\nsize = [256, 144]\n"
Rng = np.random.Generator


def scan_of(seed: int) -> Scan:
    """Return what a camera sees of a rough wall, a little turned and smaller than the projector's picture."""
    rng = np.random.default_rng([seed, 4])
    turn, scale = rng.uniform(-0.05, 0.05), rng.uniform(0.75, 0.95)
    look = np.array([[scale * np.cos(turn), -scale * np.sin(turn), rng.uniform(8, 14)],
                     [scale * np.sin(turn), scale * np.cos(turn), rng.uniform(8, 14)]])
    wall = 1 + 0.08 * cv2.GaussianBlur(rng.normal(0, 3, (160, 260)), (0, 0), 2)
    made, pictures = plan(SIZE), []
    for frame in made.frames():
        light = cv2.warpAffine(cv2.GaussianBlur(frame.astype(np.float32), (5, 5), 0.7), look, (260, 160))
        pictures.append(np.clip(wall * (14 + 0.5 * light) + rng.normal(0, 1, wall.shape), 0, 255).astype(np.uint8))
    return Scan(made, pictures)


def missing(folder: Path, files: list[Path], rng: Rng) -> None:
    for file in rng.choice(files, rng.integers(1, 4), replace=False):
        file.unlink()


def shuffled(folder: Path, files: list[Path], rng: Rng) -> None:
    raw = [file.read_bytes() for file in files]
    for file, place in zip(files, rng.permutation(len(files)), strict=True):
        file.write_bytes(raw[place])


def exchanged(folder: Path, files: list[Path], rng: Rng) -> None:
    one, other = rng.choice(len(files) // 2, 2, replace=False) * 2
    _exchange(files[one], files[other])


def turned(folder: Path, files: list[Path], rng: Rng) -> None:
    """Exchange a frame and its inverse; the coarsest bit's only mirror, the finest bit's matter to nothing."""
    place = int(rng.choice([*range(4, 16, 2), *range(20, 32, 2)]))
    _exchange(files[place], files[place + 1])


def black(folder: Path, files: list[Path], rng: Rng) -> None:
    _paint(files, rng, 0)


def saturated(folder: Path, files: list[Path], rng: Rng) -> None:
    _paint(files, rng, 255)


def overexposed(folder: Path, files: list[Path], rng: Rng) -> None:
    for file in files:
        cv2.imwrite(str(file), cv2.convertScaleAbs(_read(file), alpha=rng.uniform(6, 20), beta=40))


def moved(folder: Path, files: list[Path], rng: Rng) -> None:
    x, y = rng.choice([-1, 1], 2) * rng.uniform(1.5, 12, 2)
    shift = np.array([[1, 0, x], [0, 1, y]])
    for file in files[int(rng.integers(4, len(files) - 4)):]:
        cv2.imwrite(str(file), cv2.warpAffine(_read(file), shift, (260, 160), borderValue=14))


def truncated(folder: Path, files: list[Path], rng: Rng) -> None:
    file = files[int(rng.integers(len(files)))]
    file.write_bytes(file.read_bytes()[:int(file.stat().st_size * rng.uniform(0, 0.97))])


def resized(folder: Path, files: list[Path], rng: Rng) -> None:
    file = files[int(rng.integers(len(files)))]
    cv2.imwrite(str(file), cv2.resize(_read(file), (int(rng.integers(10, 250)), 140)))


def garbled(folder: Path, files: list[Path], rng: Rng) -> None:
    files[int(rng.integers(len(files)))].write_bytes(rng.bytes(int(rng.integers(1, 3000))))


def dark(folder: Path, files: list[Path], rng: Rng) -> None:
    for file in files:
        cv2.imwrite(str(file), cv2.convertScaleAbs(_read(file), alpha=rng.uniform(0, 0.03)))


def misdescribed(folder: Path, files: list[Path], rng: Rng) -> None:
    """Change the manifest: other words, another size, another order, no TOML, or no manifest."""
    manifest = folder / "manifest.toml"
    text = manifest.read_text()
    ways: list[Callable[[], object]] = [
        lambda: manifest.write_text(text.replace("[256, 144]", "[144, 256]")),
        lambda: manifest.write_text(text.replace("[256, 144]", "[200, 130]")),
        lambda: manifest.write_text(text.replace("[256, 144]", '"full"')),
        lambda: manifest.write_text(text.replace("format = 1", "format = 1\nbits = [7, 9]")),
        lambda: manifest.write_text(text + 'inverse = "after"\n'),
        lambda: manifest.write_text(text + 'first = "fine"\n'),
        lambda: manifest.write_text(text + 'order = ["black", "white", "columns", "rows"]\n'),
        lambda: manifest.write_text(text + "stage = [[0, 0], [0, 0], [9, 9], [9, 0]]\n"),
        lambda: manifest.write_text(text.replace('kind = "gray"', 'kind = "grey"')),
        lambda: manifest.write_text(text[:int(rng.integers(5, 40))]),
        lambda: manifest.write_bytes(rng.bytes(60)),
        manifest.unlink,
    ]
    ways[int(rng.integers(len(ways)))]()


FAULTS = (missing, shuffled, exchanged, turned, black, saturated, overexposed, moved, truncated, resized, garbled, dark,
          misdescribed)


def verdict(number: int, base: Path, room: Path) -> tuple[str, str]:
    """Return a fault's name and how a folder with it ends: the error's words, or an empty text if it was solved.

    Args:
        base: A whole scan; it is copied.
        room: An empty folder, with the previous profile afterwards.
    Raises:
        AssertionError: The previous profile was touched.
    """
    rng = np.random.default_rng([number, 13])
    fault = FAULTS[number % len(FAULTS)]
    folder, profile = room / "scan", room / "left.toml"
    shutil.copytree(base, folder)
    profile.write_text(KEPT)
    fault(folder, sorted(folder.glob("*.png")), rng)
    words = ""
    try:
        solve(folder, profile)
    except MixeurError as error:
        words = str(error)
    assert profile.read_text() == KEPT, f"{fault.__name__} {number}: the previous profile was overwritten"
    return fault.__name__, words


def solve(folder: Path, profile: Path) -> int:
    """Run `mixeur calibrate solve`."""
    parser = argparse.ArgumentParser()
    cli.add(parser.add_subparsers())
    args = parser.parse_args(["calibrate", "solve", str(folder), "--profile", str(profile)])
    return int(args.run(args))


def whole_scan(folder: Path, seed: int) -> Path:
    """Write a scan without a fault."""
    write_scan(folder, scan_of(seed))
    return folder


def _exchange(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _paint(files: list[Path], rng: Rng, level: int) -> None:
    chosen = files if rng.random() < 0.3 else [files[int(rng.integers(len(files)))]]
    for file in chosen:
        cv2.imwrite(str(file), np.full_like(_read(file), level))


def _read(file: Path) -> np.ndarray:
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture
