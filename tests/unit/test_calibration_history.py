"""History: each state is kept and told in words; whatever is killed in between leaves all old or all new."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.carried import carried
from calibration.history import History, changes, is_worse, write_file
from engine.control.corner_pin import pinned
from engine.problems import MixeurError
from engine.show.profile import Light, Profile, Surface, profile_text, read_profile, write_profile


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


def bent(columns=9, rows=6, shift=(0.0, 0.0), turned=False):
    """A mesh with a slight bend, as a camera found it."""
    def place(u, v):
        x, y = -40 + 1400 * u + 9 * np.sin(3 * v), -25 + 760 * v + 12 * u * u
        x, y = (1280 - x, 720 - y) if turned else (x, y)
        return x + shift[0], y + shift[1]

    return tuple(tuple(place(u, v) for u in np.linspace(0, 1, columns)) for v in np.linspace(0, 1, rows))


def touched_at(profile, row, column, by):
    rows = [list(each) for each in profile.mesh]
    rows[row][column] = tuple(np.add(rows[row][column], by))
    return replace(profile, mesh=tuple(map(tuple, rows)), error_px=None)


@pytest.mark.parametrize(("change", "by"), [({}, (4, 2)), ({"shift": (30.0, -8.0)}, (4, 2)),
                                            ({"turned": True}, (-4, -2))])
def test_a_touch_up_keeps_its_spot_on_the_wall_through_a_new_solve(change, by):
    solved = Profile(size=(1280, 720), mesh=bent(), error_px=0.05)
    touched, found = touched_at(solved, 2, 3, (4, 2)), replace(solved, mesh=bent(**change))
    moved = np.subtract(carried(solved, touched, found).mesh, found.mesh)
    assert moved[2, 3] == pytest.approx(by, abs=0.05)
    moved[2, 3] = 0
    assert np.abs(moved).max() < 1e-9  # what no hand has touched stays as it was solved
    assert carried(solved, solved, found) is None
    finer = replace(solved, mesh=bent(17, 11))
    moved = np.subtract(carried(solved, touched, finer).mesh, finer.mesh)
    assert moved[4, 6] == pytest.approx((4, 2), abs=0.05)
    assert np.abs(moved[:, 9:]).max() < 1e-6


def test_corners_that_were_pinned_and_surfaces_go_with_a_projector_that_has_moved():
    solved = Profile(size=(1280, 720), mesh=bent())
    corners = ((12.0, 9.0), (1250.0, 4.0), (1270.0, 700.0), (3.0, 715.0))
    found = replace(solved, mesh=bent(shift=(30.0, -8.0)))
    after = carried(solved, pinned(solved, corners), found)
    assert after.mesh[0][0] == pytest.approx((42.0, 1.0), abs=0.1)
    assert after.mesh[-1][-1] == pytest.approx((1300.0, 692.0), abs=0.1)
    split = replace(solved, mesh=None, surfaces=(Surface(mesh=solved.mesh), Surface(corners=corners)))
    after = carried(solved, split, found)
    assert np.abs(np.subtract(after.surfaces[0].mesh, found.mesh)).max() < 1e-6
    assert np.abs(np.subtract(after.surfaces[1].corners, corners) - (30, -8)).max() < 0.1


def test_a_kept_touch_up_is_a_state_of_its_own_that_can_be_taken_back(tmp_path):
    history = History(tmp_path)
    solved = Profile(size=(1280, 720), mesh=bent(), error_px=0.05)
    history.keep("solve", "now", {"left": solved}, {})
    write_file(tmp_path / "left.toml", profile_text(touched_at(solved, 2, 3, (4, 2)), tmp_path))  # as K in a show does
    before, base = history.profiles()["left"], history.profiles_of(history.latest("solve"))["left"]
    found = replace(solved, mesh=bent(shift=(30.0, 0.0)))
    version = history.keep("solve", "later", {"left": found}, {}, {"left": carried(base, before, found)})
    assert [each.step for each in history.versions()] == ["as found", "solve", "changed by hand", "solve", "touchup"]
    assert "left edge moved 30.0 px" in version.words[0] and version.words[1].startswith("kept by hand: projector left")
    kept = history.profiles()["left"].mesh
    assert kept[2][3] == pytest.approx(np.add(found.mesh[2][3], (4, 2)), abs=0.05)
    history.undo()
    assert history.profiles()["left"] == found
    write_file(tmp_path / "left.toml", profile_text(touched_at(found, 1, 1, (9, 9)), tmp_path))
    history.undo(made="later still")  # takes back what the hand did since, and keeps it
    assert history.profiles()["left"] == found
    assert history.versions()[-1].step == "changed by hand"
    history.undo()
    assert history.profiles()["left"] == before


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
