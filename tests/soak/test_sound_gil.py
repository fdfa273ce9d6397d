"""A minute of the scene that holds the interpreter lock for 300 ms in every second: heard by nobody."""

import pytest

from tests.system.test_sound_gil import NEEDED, Show, assert_as_whole_as_a_native_tone, show

pytestmark = [pytest.mark.soak, pytest.mark.skipif(bool(NEEDED), reason=f"needs {NEEDED}")]
__all__ = ["show"]


def test_a_minute_of_64_voices_is_as_whole_as_a_native_tone_while_a_scene_holds_the_lock(show: Show) -> None:
    assert_as_whole_as_a_native_tone(show, 60.0)
