"""A projector that was never calibrated follows its display's size; one that was keeps its profile."""

import numpy as np

from engine.clock import sleep_s
from engine.render.layer import Picture
from engine.render.pinned import PinnedLight
from engine.render.stage import Beam, LightOutput
from engine.show.profile import Profile

CORNERS = ((2.0, 2.0), (30.0, 4.0), (28.0, 16.0), (3.0, 15.0))


def test_the_picture_is_made_in_the_new_size_of_a_display_unless_it_was_calibrated() -> None:
    profiles = {"plain": Profile.identity((32, 18)), "made": Profile(size=(32, 18), corners=CORNERS)}
    beams = {name: Beam(profile=profile) for name, profile in profiles.items()}
    light = LightOutput(beams, (32, 18))
    pinned = PinnedLight(light, beams)
    sizes = {"plain": (48, 27), "made": (48, 27), "unknown": (1, 1)}
    for _ in range(1000):
        pinned.fit(sizes)
        if pinned.lit()["plain"].size == (48, 27):
            break
        sleep_s(0.01)
    shown = light.render(Picture())
    assert {name: frame.shape for name, frame in shown.items()} == {"plain": (27, 48, 4), "made": (18, 32, 4)}
    assert pinned.profiles()["made"].corners == CORNERS and isinstance(shown["plain"], np.ndarray)
    pinned.close()
    light.close()
