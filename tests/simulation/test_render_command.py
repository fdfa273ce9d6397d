"""`mixeur render` in fresh processes: one seed, one film."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import soundfile

ROOT = Path(__file__).parents[2]


def render(out: Path, *more: object) -> list[str]:
    """Return the hash of all frames and that of the sound."""
    asked = [ROOT / "scenes" / "bleu" / "bleu.py", "--seconds", 1, "--every", 15, "--out", out, *more]
    command = [sys.executable, "-P", "-m", "engine.cli", "render", *map(str, asked)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split()[-1] for line in answer.stdout.splitlines()[-2:]]


def test_fresh_processes_give_one_film_for_one_seed_and_another_for_another(tmp_path: Path) -> None:
    first = render(tmp_path / "first", "--seed", 1)
    assert render(tmp_path / "again", "--seed", 1, "--threads", 2) == first
    other = render(tmp_path / "other", "--seed", 2)
    assert other[0] != first[0] and other[1] != first[1]
    pictures = sorted((tmp_path / "first").glob("*.png"))
    assert len(pictures) == 4
    assert cv2.imread(str(pictures[-1])).max() > 50
    sound, rate = soundfile.read(tmp_path / "first" / "sound.wav")
    assert len(sound) == pytest.approx(rate, abs=64)
    assert abs(sound).max() > 0.01
