"""Ordinary scenes are left alone: in a minute of each at 1080p the flash guard alters a thousandth at most."""

from __future__ import annotations

import pytest

from tests.calm_scenes import SCENES, altered_share

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("scene", SCENES)
def test_a_minute_of_a_scene_is_left_alone(scene: str) -> None:
    share = altered_share(scene, 60, 1080)
    print(scene, f"{share:.4%}")
    assert share <= 0.001
