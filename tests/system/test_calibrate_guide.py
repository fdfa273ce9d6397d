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
    words = [sys.executable, "-P", "-m", "engine.cli", "calibrate", "--simulate", "small_cylinder"]
    with subprocess.Popen(words, env=rig.env, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as guide:
        try:
            assert until(lambda: rig.windows("calibration") > 0, 400), "no window of the guide"
            assert until(lambda: rig.light(0).max() > 200, 150)
            rig.hand("key", "space")  # stripes to focus on, then the scan
            rig.hand("key", "Return")
            for letter in "empty":
                rig.hand("key", letter)
            rig.hand("key", "Return")
            verified = tmp_path / "calibration" / "profiles" / "history"
            assert until(lambda: len(list(verified.glob("*/version.toml"))) >= 2, 400), "nothing was solved"
            assert until(lambda: ends(rig, guide), 400), "it did not end"
        finally:
            guide.kill()
    assert guide.returncode == 0
    profile = read_profile(tmp_path / "calibration" / "profiles" / "left.toml")
    assert profile.mesh is not None and profile.light is not None


def ends(rig: Projectors, guide: subprocess.Popen[str]) -> bool:
    """Press Enter, which keeps the result once it is there and is heard nowhere before; return whether that was it."""
    rig.hand("key", "Return")
    try:
        return guide.wait(2) is not None
    except subprocess.TimeoutExpired:
        return False
