"""Restart: where a show was is saved whole, read back, and never in the way of a start (R5, R6)."""

import datetime
import json
from pathlib import Path

import pytest

from engine.clock import sleep_s
from engine.restart import ShowState, StateKeeper, forget_state, read_state, state_path, write_state
from engine.supervise.barred import Barred, stamp_of

NOW = datetime.datetime(2014, 6, 21, 12, 0)
TURNED = {"/scene/embers/hue": 0.25, "/scene/embers/look": "dots"}
STATE = ShowState("hands", True, False, "open", TURNED, {"/scene/a/b": 1.5})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return state_path(tmp_path / "show.toml")


def test_r5_a_state_comes_back_as_it_was_and_says_so(path: Path) -> None:
    write_state(path, STATE, NOW)
    state, saved, word = read_state(path, NOW + datetime.timedelta(hours=11))
    assert (state, saved, state.followed) == (STATE, NOW, STATE.followed)
    assert word == "the show goes on where it was, at cue 'hands'"


def test_a_state_is_kept_beside_the_show_and_never_committed_with_it(tmp_path: Path) -> None:
    assert state_path(tmp_path) == state_path(tmp_path / "show.toml") == tmp_path / ".mixeur" / "show.json"
    assert state_path(tmp_path / "evening.toml") == tmp_path / ".mixeur" / "evening.json"
    write_state(state_path(tmp_path), STATE, NOW)
    assert (tmp_path / ".mixeur" / ".gitignore").read_text() == "*\n"


def test_without_a_state_and_after_a_proper_end_the_show_begins_anew(path: Path) -> None:
    assert read_state(path, NOW) == (ShowState(), NOW, "")
    write_state(path, STATE, NOW)
    forget_state(path)
    forget_state(path)
    assert read_state(path, NOW) == (ShowState(), NOW, "")


def test_of_yesterdays_state_only_the_barred_scenes_hold_and_a_clock_set_back_harms_nothing(path: Path) -> None:
    scene = path.parent.parent / "bad.py"
    scene.write_text("")
    barred = Barred("bad", str(scene), 3, "hung", stamp=stamp_of(str(scene)))
    write_state(path, ShowState("hands", barred=(barred,)), NOW)
    assert read_state(path, NOW + datetime.timedelta(hours=13))[0] == ShowState(barred=(barred,))
    assert read_state(path, NOW - datetime.timedelta(days=900))[0].cue == "hands"
    scene.write_text("mended = True")
    assert read_state(path, NOW)[0].barred == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b'{"format": 1}', b"[" * 100_000, b'{"format": 99}',
        json.dumps({"format": 2, "saved": NOW.isoformat(), "cue": "", "held": False, "blackout": False, "params": {},
                    "followed": {}, "barred": []}).encode(),
        json.dumps({"format": 1, "saved": "yesterday", "cue": "", "held": False, "blackout": False, "params": {},
                    "followed": {}, "barred": []}).encode(),
        json.dumps({"format": 1, "saved": NOW.isoformat(), "cue": 7, "held": False, "blackout": False, "params": {},
                    "followed": {}, "barred": []}).encode(),
        json.dumps({"format": 1, "saved": NOW.isoformat(), "cue": "", "held": False, "blackout": False, "params": {},
                    "followed": {}, "barred": [{"scene": 7, "file": []}]}).encode(),
    ],
)  # fmt: skip
def test_r6_a_state_that_is_none_is_set_aside_with_a_word(path: Path, raw: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(raw)
    state, _, word = read_state(path, NOW)
    assert state == ShowState()
    assert word == f"{path}: is no state of a show, set aside as show.json.broken; the show begins anew"
    assert not path.exists()
    assert path.with_name("show.json.broken").read_bytes() == raw
    assert read_state(path, NOW)[2] == ""


def test_a_state_is_saved_beside_the_loop_the_newest_at_the_end(path: Path) -> None:
    keeper = StateKeeper(path, lambda: NOW)
    keeper.keep(STATE)
    for _ in range(500):
        if path.exists():
            break
        sleep_s(0.01)
    first = path.stat().st_mtime_ns
    for cue in ("hands", "other", "last"):
        keeper.keep(ShowState(cue))
    keeper.close()
    assert read_state(path, NOW)[0] == ShowState("last")
    assert path.stat().st_mtime_ns > first
    assert keeper.lost == ""


def test_a_state_that_cannot_be_saved_is_a_loss_and_the_show_goes_on(tmp_path: Path) -> None:
    (tmp_path / ".mixeur").write_text("a file where the folder should be")
    keeper = StateKeeper(state_path(tmp_path), lambda: NOW)
    keeper.keep(STATE)
    for _ in range(500):
        if keeper.lost:
            break
        sleep_s(0.01)
    assert keeper.lost.endswith("after a crash the show would begin anew")
    keeper.close()
