"""The golden comparison and its pytest plugin."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.problems import MixeurError
from engine.sound.events import Hold, Note, Sounds
from engine.testing.golden import Golden, events, levels
from engine.testing.plugin import reference_folder


@pytest.fixture
def picture():
    return np.random.default_rng(1).integers(0, 255, (18, 32, 4), dtype=np.uint8)


def kept(folder: Path, name: str, picture) -> Golden:
    Golden(folder, [])(name, picture)
    return Golden(folder)


def test_a_picture_equals_its_reference_to_the_bit_with_and_without_alpha(tmp_path, picture) -> None:
    kept(tmp_path, "a", picture)("a", picture)
    kept(tmp_path, "b", picture[..., :3])("b", picture[..., :3])


def test_one_pixel_one_step_off_fails_and_shows_expected_got_and_difference(tmp_path, picture) -> None:
    golden, other = kept(tmp_path, "a", picture), picture.copy()
    other[3, 4, 1] ^= 1
    with pytest.raises(AssertionError) as raised:
        golden("a", other)
    seen = tmp_path / "failed" / "a.png"
    assert str(raised.value) == (
        f"a.png differs by up to 1 of 255 in 0.17% of the pixels (tolerance 0); expected, got and difference x8: {seen}"
    )
    strip = cv2.imread(str(seen))[..., ::-1]
    assert strip.shape == (18, 3 * 32 + 8, 3)
    assert (strip[:, :32] == picture[..., :3]).all() and (strip[:, 36:68] == other[..., :3]).all()
    assert strip[3, 72 + 4].tolist() == [0, 8, 0] and np.count_nonzero(strip[:, 72:]) == 1
    golden("a", other, tolerance=1)


def test_another_size_fails_and_a_missing_reference_says_how_to_write_it(tmp_path, picture) -> None:
    golden = kept(tmp_path, "a", picture)
    with pytest.raises(AssertionError, match=r"a\.png has the shape \(18, 31, 4\), not \(18, 32, 4\)"):
        golden("a", picture[:, 1:])
    with pytest.raises(AssertionError, match=r"no reference .*b\.png; .*--update-golden"):
        golden("b", picture)


def test_a_reference_that_is_no_picture_is_said_so(tmp_path, picture) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    with pytest.raises(MixeurError, match=r"a\.png: is not a reference picture"):
        Golden(tmp_path)("a", picture)


NOTE, HOLD = Note(60, 0.5, (0.1, 0.2), "bell"), Hold("hum", 48, 0.3)


def test_sound_is_a_line_for_each_note_and_for_each_hold_that_begins_changes_or_ends() -> None:
    frames = [
        Sounds("a", (NOTE,), (HOLD,)),
        Sounds("a", (), (HOLD,)),
        Sounds("a", (), (Hold("hum", 50, 0.3),)),
        Sounds("a"),
    ]
    assert events(frames) == [
        [0, "note", "bell", 60, 0.5, [0.1, 0.2]],
        [0, "hold", "hum", "warm", 48],
        [2, "hold", "hum", "warm", 50],
        [3, "release", "hum"],
        [4, "end", []],
    ]


def test_a_hold_that_still_sounds_at_the_end_is_seen() -> None:
    assert events([Sounds("a", (), (HOLD,))])[-1] == [1, "end", ["hum"]]


def test_another_note_fails_with_the_line_that_differs(tmp_path) -> None:
    Golden(tmp_path, []).sound("a", [Sounds("a", (NOTE,))])
    golden = Golden(tmp_path)
    golden.sound("a", [Sounds("a", (NOTE,))])
    golden.sound("a", [Sounds("a", (Note(60.01, 0.5, (0.1, 0.2), "bell"),))], tolerance=0.02)
    for other in ([Sounds("a", (Note(61, 0.5, (0.1, 0.2), "bell"),))], [Sounds("a", (NOTE, NOTE))], [Sounds("a")]):
        with pytest.raises(AssertionError, match=r"a\.json:[23]: expected .*, got .*; all that was heard: "):
            golden.sound("a", other)
    assert json.loads((tmp_path / "failed" / "a.json").read_text()) == [[1, "end", []]]


def test_levels_are_decibels_for_each_speaker_every_quarter_of_a_second() -> None:
    samples = np.zeros((24_000, 2), np.float32)
    samples[:12_000, 0] = 1.0
    assert levels(samples, 48_000) == [[0.0, [0.0, -60.0]], [0.25, [-60.0, -60.0]]]


def test_references_stand_beside_the_tests_or_above_them(tmp_path) -> None:
    inner = tmp_path / "tests" / "golden"
    inner.mkdir(parents=True)
    assert reference_folder(inner, tmp_path) == inner / "references"
    (tmp_path / "tests" / "references").mkdir()
    assert reference_folder(inner, tmp_path) == tmp_path / "tests" / "references"


def test_the_fixture_works_in_a_folder_of_an_artists_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="""
        import numpy as np

        def test_a(golden):
            golden("grey", np.full((4, 4, 3), 7, np.uint8))

        def test_b():
            pass
    """
    )
    pytester.runpytest_subprocess().assert_outcomes(failed=1, passed=1)
    pytester.runpytest_subprocess("--update-golden", "-rs").stdout.fnmatch_lines(
        ["*reference written*", "*1 passed, 1 skipped*"]
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)
