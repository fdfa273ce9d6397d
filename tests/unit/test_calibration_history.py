"""History: each state is kept and told in words; whatever is killed in between leaves all old or all new."""

from dataclasses import replace

import pytest

from calibration.history import History, changes, is_worse, write_file
from engine.problems import MixeurError
from engine.show.profile import Light, Profile, read_profile, write_profile


def mesh(shift=0.0):
    return tuple(tuple((640.0 * u + (shift if u == 2 else 0.0), 360.0 * v) for u in range(3)) for v in range(3))


def profiles(shift, error_px):
    return {name: Profile(size=(1280, 720), mesh=mesh(shift), error_px=error_px) for name in ("left", "right")}


def test_states_are_told_in_words_and_taken_back(tmp_path):
    history = History(tmp_path)
    history.keep("solve", "now", profiles(0.0, 0.08), {})
    version = history.keep("solve", "later", profiles(3.1, 0.05), {})
    assert version.words[0] == "projector left: right edge moved 3.1 px, top edge moved 0.8 px, " \
                               "bottom edge moved 0.8 px, residual 0.080 -> 0.050 px"
    assert [each.step for each in history.versions()] == ["as found", "solve", "solve"]
    assert history.undo().number == 1
    assert read_profile(tmp_path / "right.toml").error_px == 0.08
    history.undo()
    assert not list(tmp_path.glob("*.toml"))
    with pytest.raises(MixeurError, match="no earlier state"):
        history.undo()
    history.undo(to=2)
    assert read_profile(tmp_path / "left.toml").error_px == 0.05


def test_what_a_hand_changed_is_kept_before_it_is_replaced(tmp_path):
    history = History(tmp_path)
    history.keep("solve", "now", profiles(0.0, 0.08), {})
    by_hand = replace(profiles(0.0, 0.08)["left"], mask=(((0.0, 0.0), (9.0, 0.0), (0.0, 9.0)),))
    write_profile(tmp_path / "left.toml", by_hand)
    (tmp_path / "left.toml.bak").unlink(missing_ok=True)
    history.keep("solve", "later", profiles(1.0, 0.08), {})
    history.undo()
    assert read_profile(tmp_path / "left.toml") == by_hand


class Killed(Exception):
    pass


def test_killed_at_any_write_all_profiles_are_old_or_all_are_new(tmp_path):
    left = 100
    outcomes = set()
    for survived in range(30):
        folder = tmp_path / str(survived)
        History(folder).keep("solve", "now", profiles(0.0, 0.08), {})
        left = survived

        def write(path, content):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            write_file(path, content)

        after = {name: replace(profile, light=Light(gain=folder / "maps" / f"{name}.png"))
                 for name, profile in profiles(2.0, 0.05).items()}
        maps = {profile.light.gain: name.encode() for name, profile in after.items()}
        was_killed = False
        try:
            History(folder, write).keep("blend", "later", after, maps)
        except Killed:
            was_killed = True
        found = History(folder).profiles()
        assert found in (profiles(0.0, 0.08), after)
        assert all(path.read_bytes() == raw for path, raw in maps.items() if found == after)
        outcomes.add((was_killed, found == after))
        if not was_killed:
            break
    assert outcomes == {(True, False), (True, True), (False, True)}


def test_a_map_of_another_content_never_replaces_one(tmp_path):
    history = History(tmp_path)
    assert history.map_path("left", "gain", b"a") != history.map_path("left", "gain", b"b")


@pytest.mark.parametrize(("old", "new", "worse"), [(0.05, 0.06, False), (0.05, 0.09, True), (None, 5.0, False)])
def test_a_plainly_worse_fit_is_told(old, new, worse):
    before = None if old is None else profiles(0.0, old)["left"]
    assert is_worse(before, profiles(0.0, new)["left"]) is worse


def test_nothing_is_said_of_what_stayed():
    same = profiles(0.0, 0.05)["left"]
    assert changes("left", same, same) == []
