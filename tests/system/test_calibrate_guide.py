"""The guided calibration in a computed room: a person with a keyboard gets from start to verified."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.show.profile import read_profile
from tests.system.rig import Projectors, missing_tools, until

pytestmark = [
    pytest.mark.system,
    pytest.mark.patient,
    pytest.mark.skipif(bool(missing_tools()), reason=f"the projector rig needs {missing_tools()}"),
]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Projectors]:
    projectors = Projectors([(1920, 1080)], tmp_path)
    yield projectors
    projectors.stop()


def test_a_person_is_led_from_an_empty_wall_to_verified_profiles(rig: Projectors, tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-m", "engine.cli", "calibrate", "--simulate", "small_mural"]
    with subprocess.Popen(words, env=rig.env, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as guide:
        try:
            assert until(lambda: rig.windows("calibration") > 0, 400), "no window of the guide"
            assert until(lambda: rig.light(0).max() > 200, 150)
            rig.hand("key", "space")  # stripes to focus on, then the scan
            rig.hand("key", "Return")
            for letter in "empty":
                rig.hand("key", letter)
            rig.hand("key", "Return")
            assert until(lambda: versions(tmp_path) >= 2, 400), "nothing was solved"
            assert until(lambda: paints(rig, tmp_path), 400), "the wall's colours were not offered to be made good"
            assert until(lambda: ends(rig, guide), 400), "it did not end"
        finally:
            guide.kill()
    assert guide.returncode == 0
    profile = read_profile(profile_of(tmp_path))
    assert profile.mesh is not None and profile.light is not None and profile.light.tint is not None


def versions(folder: Path) -> int:
    """Return how many states of the profiles are kept."""
    return len(list((folder / "calibration" / "profiles" / "history").glob("*/version.toml")))


def paints(rig: Projectors, folder: Path) -> bool:
    """Press W, which is heard where a coloured wall was verified; return whether the profiles were made anew."""
    rig.hand("key", "w")
    return until(lambda: (light := read_profile(profile_of(folder)).light) is not None and light.tint is not None, 2)


def profile_of(folder: Path) -> Path:
    return folder / "calibration" / "profiles" / "left.toml"


def ends(rig: Projectors, guide: subprocess.Popen[str]) -> bool:
    """Press Enter, which keeps the result once it is there and is heard nowhere before; return whether that was it."""
    rig.hand("key", "Return")
    try:
        return guide.wait(2) is not None
    except subprocess.TimeoutExpired:
        return False
