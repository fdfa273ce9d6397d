import errno
import json
import os
import tomllib
from pathlib import Path

import pytest

from engine.problems import MixeurError
from engine.show.edit import save_edit

ROOM = """# the room of the blue wall
format = 1

[camera.room]            # over the door
source = "C920"
key = "blue"             # freshly painted

[speaker]
left = { output = 1, trim_db = -2 }  # a little loud

[light.lamp]
address = "artnet:10.0.0.5/0/1"
"""


@pytest.fixture
def room(tmp_path):
    file = tmp_path / "room.toml"
    file.write_text(ROOM)
    return file


def refused(room: Path, path: tuple[str, ...], value: object) -> str:
    before = {file.name: file.read_bytes() for file in room.parent.iterdir()}
    with pytest.raises(MixeurError) as caught:
        save_edit(room, path, value)
    assert {file.name: file.read_bytes() for file in room.parent.iterdir()} == before
    return str(caught.value).replace(f"{room.parent}/", "")


def test_one_value_changes_and_all_else_stays_with_its_comments(room):
    save_edit(room, ("camera", "room", "key"), "green")
    assert room.read_text() == ROOM.replace('key = "blue" ', 'key = "green" ')


def test_a_value_in_an_inline_table_changes_in_its_place(room):
    save_edit(room, ("speaker", "left", "trim_db"), -4.5)
    assert room.read_text() == ROOM.replace("trim_db = -2 ", "trim_db = -4.5 ")


@pytest.mark.parametrize(("path", "value"), [
    (("camera", "room", "corners"), ((0.1, 0.0), (0.9, 0.0), (1.0, 1.0), (0.0, 1.0))),
    (("camera", "door", "source"), "usb2"),
    (("speaker", "right", "output"), 2),
    (("projector", "left", "display"), 1),
    (("projector", "left", "size"), (1280, 720)),
    (("sound", "latency_ms"), 40.0),
    (("touch", "ball", "from"), "midi:desk/cc/3"),
    (("midi", "desk", "input"), 'Launch "X"'),
    (("osc", "allow"), ("10.0.0.0/8",)),
])
def test_new_keys_and_tables_are_added_and_nothing_is_lost(room, path, value):
    before = tomllib.loads(ROOM)
    save_edit(room, path, value)
    table = after = tomllib.loads(room.read_text())
    for part in path[:-1]:
        table = table[part]
    assert table[path[-1]] == json.loads(json.dumps(value))  # tuples come back as lists
    assert after.keys() >= before.keys()
    assert all(line in room.read_text() for line in ROOM.splitlines())


def test_many_edits_one_after_the_other_keep_every_comment(room):
    for number in range(5):
        save_edit(room, ("projector", f"wall{number}", "flip"), "both")
        save_edit(room, ("speaker", "left", "delay_ms"), float(number))
        save_edit(room, ("sound", "level_db"), -float(number))
    data = tomllib.loads(room.read_text())
    assert len(data["projector"]) == 5
    assert data["speaker"]["left"] == {"output": 1, "trim_db": -2, "delay_ms": 4.0}
    assert data["sound"]["level_db"] == -4.0
    for comment in ("# the room of", "# over the door", "# freshly", "# a little loud"):
        assert comment in room.read_text()


def test_a_missing_room_is_made(tmp_path):
    room = tmp_path / "room.toml"
    save_edit(room, ("projector", "left", "profile"), tmp_path / "profiles" / "left.toml")
    assert room.read_text() == 'format = 1\n\n[projector.left]\nprofile = "profiles/left.toml"\n'
    assert not (tmp_path / "room.toml.bak").exists()


def test_the_previous_room_is_kept_and_nothing_else_is_left_over(room):
    save_edit(room, ("sound", "rate"), 44_100)
    assert (room.parent / "room.toml.bak").read_text() == ROOM
    assert sorted(file.name for file in room.parent.iterdir()) == ["room.toml", "room.toml.bak"]


def test_the_file_is_replaced_and_never_written_in_place(room):
    with room.open() as reader:  # who holds the file open reads the old one to its end
        save_edit(room, ("sound", "rate"), 44_100)
        assert reader.read() == ROOM


def test_a_disk_that_fails_leaves_the_file_and_nothing_else(room, monkeypatch):
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(room, ("sound", "rate"), 44_100) == (
        "room.toml: cannot be saved: No space left on device; the file is as it was")


def test_a_link_stays_a_link_and_permissions_stay_as_they_were(room):
    room.chmod(0o640)
    link = room.parent / "link.toml"
    link.symlink_to(room)
    save_edit(link, ("sound", "rate"), 44_100)
    assert link.is_symlink()
    assert "rate = 44100" in room.read_text()
    assert room.stat().st_mode & 0o777 == 0o640


def test_windows_line_ends_stay(room):
    room.write_bytes(ROOM.replace("\n", "\r\n").encode())
    save_edit(room, ("camera", "room", "key"), "green")
    assert room.read_bytes() == ROOM.replace("blue\"  ", "green\"  ").replace("\n", "\r\n").encode()


def test_a_faulty_edit_by_hand_is_not_destroyed(room):
    room.write_text(ROOM.replace('"C920"', "C920"))
    assert refused(room, ("sound", "rate"), 44_100) == (
        "room.toml:5: not TOML: invalid value at column 10; text stands in quotes, decimals use a point, "
        "true and false are written small; 'sound.rate' is not saved before it is mended")


@pytest.mark.parametrize(("path", "value", "text"), [
    (("stage", "fps"), 50, "stage.fps: belongs to the work; edit show.toml"),
    (("projecter", "left", "flip"), "both", "projecter.left.flip: unknown section; did you mean 'projector'?"),
    (("projector", "left", "flap"), "both", "projector.left.flap: unknown key; did you mean 'flip'?"),
    (("osc", "port", "tcp"), 1,
     "osc.port.tcp: unknown key; did you mean 'tcp'?"),
    (("projector", "le ft", "flip"), "both", "projector.le ft: a name may not hold ' '; use letters, digits, - and _"),
    (("speaker", "left", "trim_db"), 99.0, "speaker.left.trim_db: 99 is out of range; must be -60 to 12 dB"),
    (("speaker", "left", "trim_db"), None, "speaker.left.trim_db: must be a number, not a table"),
    (("speaker", "left", "trim_db"), float("nan"), "speaker.left.trim_db: must be a finite number, not nan"),
])
def test_what_the_show_could_not_be_read_with_is_not_saved(room, path, value, text):
    assert refused(room, path, value) == text


def test_a_table_that_is_a_number_in_the_file_is_not_written_over(room):
    room.write_text("format = 1\nsound = 3\n")
    assert refused(room, ("sound", "rate"), 44_100) == (
        "room.toml: 'sound.rate' cannot be saved among what stands there; write it by hand")
