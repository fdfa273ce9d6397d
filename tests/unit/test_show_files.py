import shutil
from pathlib import Path

import pytest

from engine.problems import ShowError
from engine.show.files import read_show
from engine.show.good import forget_good_show, keep_good_profile, read_good_profile, read_good_show

SHOW = """format = 1
name = "Two walls"
[scene.embers]
file = "scenes/embers.py"
[camera.room]
source = "walk.mp4"
key = "blue"
fps = 25
[camera.seq]
source = "frames/%04d.png"
[camera.usb]
source = "C920"
[projector.left]
display = "HDMI-1"
profile = "profiles/left.toml"
[speaker]
left = { output = 1, trim_db = -2 }
[sound]
rate = 44100
[light.lamp]
address = "artnet:10.0.0.5/0/1"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("scenes/embers.py", "walk.mp4", "frames/0001.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "show.toml").write_text(SHOW)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "left.toml").write_text("format = 1\nsize = [1280, 720]\n")
    return tmp_path


def problems(path: str = "show.toml") -> list[str]:
    with pytest.raises(ShowError) as caught:
        read_show(Path(path))
    return [str(problem) for problem in caught.value.problems]


def test_without_a_room_every_device_but_sound_is_simulated(folder):
    show = read_show(Path("show.toml"))
    assert show.simulated
    assert {camera.source for camera in show.cameras.values()} == {"simulated"}
    assert show.cameras["room"].key == "blue"
    assert show.projectors["left"].display is None
    assert show.projectors["left"].profile == folder / "profiles" / "left.toml"
    assert show.lamps["lamp"].address == "simulated"
    assert show.sound.rate == 44_100
    assert show.sources == (Path("show.toml"),)


def test_without_a_room_a_missing_profile_does_not_matter(folder):
    shutil.rmtree(folder / "profiles")
    assert read_show(folder).projectors["left"].profile is None
    (folder / "room.toml").write_text("format = 1")
    assert problems() == ["show.toml:15: projector.left.profile: there is no file 'profiles/left.toml'"]


def test_a_room_overrides_the_room_half_key_by_key(folder):
    (folder / "room.toml").write_text("""format = 1
[camera.room]
source = 2
[speaker.left]
trim_db = -6
[speaker.right]
output = 2
[sound]
device = "USB"
""")
    show = read_show(folder)
    assert not show.simulated
    assert (show.cameras["room"].source, show.cameras["room"].key, show.cameras["room"].fps) == ("2", "blue", 25)
    assert (show.speakers["left"].output, show.speakers["left"].trim_db) == (1, -6)
    assert show.speakers["right"].output == 2
    assert (show.sound.device, show.sound.rate) == ("USB", 44_100)
    assert show.projectors["left"].display == "HDMI-1"
    assert show.lamps["lamp"].address == "artnet:10.0.0.5/0/1"
    assert show.sources == (folder / "show.toml", folder / "room.toml")


def test_simulate_leaves_the_rooms_devices_alone_and_keeps_the_rest_of_the_room(folder):
    (folder / "room.toml").write_text("format = 1\n[camera.room]\nsource = 2\nkey = 'green'\n")
    show = read_show(folder, simulate=True)
    assert show.simulated
    assert (show.cameras["room"].source, show.cameras["room"].key) == ("simulated", "green")
    assert show.sources == (folder / "show.toml", folder / "room.toml")


def test_faults_of_the_room_are_named_in_the_room_and_those_of_the_show_in_the_show(folder):
    (folder / "show.toml").write_text(SHOW.replace('"blue"', '"bleu"').replace("fps = 25", "fps = 2500"))
    (folder / "room.toml").write_text("""format = 1
[camera.room]
fps = 300
[stage]
fps = 50
[camara.usb]
source = 0
""")
    assert problems() == [
        "room.toml:3: camera.room.fps: 300 is out of range; must be 1 to 240 Hz",
        "room.toml:4: stage: belongs to the work; move it to show.toml",
        "room.toml:6: camara: unknown section; did you mean 'camera'?",
        "show.toml:7: camera.room.key: 'bleu' is not known; did you mean 'blue'?",
    ]


def test_a_room_that_gives_a_table_as_a_number_is_named_there(folder):
    (folder / "room.toml").write_text("format = 1\ncamera = 3")
    assert problems() == ["room.toml:2: camera: must be tables with names, such as [camera.NAME], not 3"]


def test_a_room_needs_its_format(folder):
    (folder / "room.toml").write_text("[sound]\nrate = 48000")
    assert problems() == ["room.toml:1: 'format' is missing; begin with format = 1"]


def test_two_files_that_are_no_toml_give_two_problems(folder):
    (folder / "show.toml").write_text("a = ")
    (folder / "room.toml").write_text("\nb = ")
    assert [text.partition(": ")[0] for text in problems()] == ["show.toml:1", "room.toml:2"]


def test_faults_of_a_profile_come_with_those_of_the_show(folder):
    (folder / "profiles" / "left.toml").write_text("format = 1\nsize = [1280, 720]\ngama = 2\n")
    known = "; did you mean 'gamma'?"
    assert problems(str(folder / "show.toml")) == [f"{folder}/profiles/left.toml:3: gama: unknown key{known}"]
    assert problems() == [f"profiles/left.toml:3: gama: unknown key{known}"]


def test_paths_are_joined_to_the_folder_and_the_folder_moves_unchanged(folder, tmp_path_factory):
    (folder / "room.toml").write_text("format = 1")
    moved = tmp_path_factory.mktemp("elsewhere") / "show"
    shutil.copytree(folder, moved)
    show = read_show(moved)
    assert show.folder == moved
    assert show.scenes["embers"].file == moved / "scenes" / "embers.py"
    assert show.cameras["room"].source == str(moved / "walk.mp4")
    assert show.cameras["seq"].source == str(moved / "frames" / "%04d.png")
    assert show.cameras["usb"].source == "C920"


def test_a_relative_path_gives_an_absolute_folder(folder):
    assert read_show(Path("show.toml")).folder == folder
    assert read_show(Path()).folder == folder


def test_a_single_scene_is_a_simulated_show(folder):
    show = read_show(Path("scenes/embers.py"))
    assert show.simulated
    assert show.folder == folder / "scenes"
    assert [scene.file for scene in show.scenes.values()] == [folder / "scenes" / "embers.py"]
    assert show.sources == (Path("scenes/embers.py"),)


@pytest.mark.parametrize(("path", "problem"), [
    ("scenes/missing.py", "scenes/missing.py: there is no such file"),
    ("my scene.py", "my scene.py: a name may not hold ' '; use letters, digits, - and _"),
    ("missing.toml", "missing.toml: there is no such file"),
    ("scenes", "scenes/show.toml: there is no such file"),
    ("walk.mp4/show.toml", "walk.mp4/show.toml: cannot be read: Not a directory"),
])
def test_a_show_that_is_not_there_is_one_problem(folder, path, problem):
    (folder / "my scene.py").write_text("")
    assert problems(path) == [problem]


def test_a_show_that_is_broken_now_is_read_as_it_last_was_good(tmp_path):
    folder, copies = tmp_path / "show", tmp_path / "copies"
    folder.mkdir()
    (folder / "a.py").write_text("")
    (folder / "show.toml").write_text("format = 1\nname = 'good'\n[scene.a]\nfile = 'a.py'\n")
    (folder / "room.toml").write_text("format = 1\n[osc]\nport = 9123\n")
    assert read_good_show(folder, False, copies)[1] == ""
    (folder / "show.toml").write_text("format = 1\n[scene")
    (folder / "room.toml").unlink()
    show, why = read_good_show(folder, False, copies)
    assert (show.name, show.osc.port, show.folder) == ("good", 9123, folder) and "show.toml:2" in why
    (folder / "show.toml").write_text("format = 1\n[scene.a]\nfile = 'a.py'\n")
    show, why = read_good_show(folder, False, copies)
    assert not show.simulated and show.osc.port == 9123 and why.startswith("room.toml: is gone; put it back")
    with pytest.raises(ShowError, match="no such file"):
        read_good_show(tmp_path / "none", False, tmp_path / "nothing")


def test_a_scene_and_a_profile_that_are_gone_keep_no_show_from_starting_again(tmp_path):
    folder, copies = tmp_path / "show", tmp_path / "copies"
    folder.mkdir()
    (folder / "a.py").write_text("side = view('side')")
    (folder / "left.toml").write_text("format = 1\nsize = [64, 32]\n")
    (folder / "room.toml").write_text("format = 1\n[projector.left]\nprofile = 'left.toml'\nview = 'side'\n")
    (folder / "show.toml").write_text("format = 1\n[scene.a]\nfile = 'a.py'\n")
    assert read_good_show(folder, False, copies)[1] == ""
    (folder / "a.py").unlink()
    (folder / "left.toml").write_text("format = 1\n")
    show, why = read_good_show(folder, False, copies)
    assert show.projectors["left"].view == "side" and "there is no file 'a.py'" in why and "'size' is missing" in why


def test_a_profile_that_is_broken_or_gone_is_read_as_it_last_was_good(tmp_path):
    file, copies = tmp_path / "left.toml", tmp_path / "copies"
    assert read_good_profile(file, "left", copies) == (None, "")
    file.write_text("format = 1\n")
    with pytest.raises(ShowError, match="'size' is missing"):
        read_good_profile(file, "left", copies)
    file.write_text("format = 1\nsize = [64, 32]\n")
    assert read_good_profile(file, "left", copies)[1] == ""
    file.write_text("format = 1\nsize = [32, 64]\n")
    keep_good_profile(file, "left", copies)
    file.write_text("format = 1\nsi")
    profile, why = read_good_profile(file, "left", copies)
    assert profile.size == (32, 64) and "left.toml:2" in why
    file.unlink()
    profile, why = read_good_profile(file, "left", copies)
    assert profile.size == (32, 64) and why.endswith("left.toml: is gone")
    forget_good_show(copies)
    assert read_good_profile(file, "left", copies) == (None, "")
