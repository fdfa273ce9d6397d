"""The technician's page, command by command: from an empty wall to two projectors that are verified as one."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from engine.cli import main
from engine.show.profile import read_profile

pytestmark = [pytest.mark.system, pytest.mark.patient]
PAGE = Path(__file__).parents[2] / "docs" / "technician.md"


def commands(section: str = "From an empty wall") -> list[list[str]]:
    part = PAGE.read_text().split(f"### {section}")[1].split("\n### ")[0]
    return [shlex.split(line)[1:] for line in re.findall(r"^mixeur .*$", part, re.M)]


def test_the_page_leads_to_a_verified_blend_and_back(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    told = commands()
    steps = ["scan", "solve", "blend", "photometric", "colour", "verify", "history", "undo"]
    assert [words[1] for words in told] == steps
    fresh = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    for words in told:
        if words[1] == "verify":  # as from a terminal: nothing has chosen where kernels are kept
            ended = subprocess.run([sys.executable, "-P", "-m", "engine.cli", *words], env=fresh, capture_output=True,
                                   text=True)
            assert ended.returncode == 0, ended
            assert "passed" in ended.stdout
        else:
            assert main(words) == 0, capsys.readouterr()
    said = capsys.readouterr().out
    assert "colour mixed anew" in said
    assert read_profile(Path("room/profiles/left.toml")).colour is None  # the last command took the colours back
    assert read_profile(Path("room/profiles/left.toml")).light is not None


def test_a_wall_of_many_colours_is_made_good_as_was_foreseen(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    told = commands("A wall of many colours")
    assert [words[1] for words in told] == ["scan", "solve", "colour", "verify"]
    for words in told:
        assert main(words) == 0, capsys.readouterr()
    said = capsys.readouterr()
    before, now = map(float, re.search(r"CIEDE2000 ([\d.]+), .* made good ([\d.]+) and", said.err).groups())
    median, most = map(float, re.search(r"^wall ([\d.]+), 95 of 100 places below ([\d.]+)$", said.out, re.M).groups())
    assert now < 1 < 3 < before
    assert (median < 1.5 and most < 4) and "made good" in said.out
    marks = cv2.imread("hall/unreached/left.png", cv2.IMREAD_UNCHANGED)
    assert 0 < (marks > 0).mean() < 0.2
