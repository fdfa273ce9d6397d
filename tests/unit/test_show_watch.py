import shutil
import threading

import pytest

from engine.clock import monotonic_ns
from engine.show.watch import Watch

PATIENCE_S = 5.0  # of the test on a busy machine; a change is seen within 0.2 s


class Eye:
    """Waits for what a watch says."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def sees(self, *paths) -> bool:
        seen, end = set(), monotonic_ns() + PATIENCE_S * 1e9
        while not seen >= set(paths) and monotonic_ns() < end:
            seen |= self.watch.changed()
            threading.Event().wait(0.005)
        return seen >= set(paths)

    def rests(self) -> bool:
        threading.Event().wait(0.3)
        return not self.watch.changed()


@pytest.fixture(params=["events", "polled"])
def rig(request, tmp_path):
    (tmp_path / "scenes").mkdir()
    (tmp_path / "show.toml").write_text("1")
    (tmp_path / "scenes" / "embers.py").write_text("1")
    paths = [tmp_path / name for name in ("show.toml", "room.toml", "scenes")]
    watch = Watch(paths, polled=request.param == "polled")
    yield tmp_path, Eye(watch)
    watch.close()


def test_a_file_that_is_written_is_seen_once(rig):
    folder, eye = rig
    (folder / "show.toml").write_text("22")
    assert eye.sees(folder / "show.toml")
    assert eye.rests()


def test_a_change_right_after_the_start_is_seen(tmp_path):
    for number in range(10):
        (tmp_path / "show.toml").write_text("1")
        watch = Watch([tmp_path / "show.toml"])
        (tmp_path / "show.toml").write_text("22" + "2" * number)
        assert Eye(watch).sees(tmp_path / "show.toml")
        watch.close()


def test_an_editor_that_replaces_the_file_is_seen(rig):
    folder, eye = rig
    (folder / ".show.toml.swp").write_text("22")
    (folder / ".show.toml.swp").replace(folder / "show.toml")
    assert eye.sees(folder / "show.toml")


def test_a_file_that_vanishes_and_comes_back_is_seen_each_time(rig):
    folder, eye = rig
    (folder / "show.toml").unlink()
    assert eye.sees(folder / "show.toml")
    (folder / "show.toml").write_text("1")
    assert eye.sees(folder / "show.toml")


def vim(path):
    path.rename(path.with_name(path.name + "~"))
    path.write_text("new text")
    path.with_name(path.name + "~").unlink()


def emacs(path):
    path.with_name(".#" + path.name).symlink_to("someone@somewhere")
    path.with_name("#" + path.name + "#").write_text("new")
    path.write_text("new text")
    path.with_name("#" + path.name + "#").unlink()
    path.with_name(".#" + path.name).unlink()


def code(path):
    with path.open("w") as file:
        threading.Event().wait(0.05)
        file.write("new ")
        file.flush()
        threading.Event().wait(0.03)
        file.write("text")


def sed(path):
    part = path.with_name("sedXY12ab")
    part.write_text("new text")
    part.replace(path)


def removed_and_put_back(path):
    path.unlink()
    threading.Event().wait(0.3)
    path.write_text("new text")


def link_turned(path):
    other = path.parent.parent / "elsewhere.py"
    other.write_text("new text")
    path.with_name("new").symlink_to(other)
    path.with_name("new").replace(path)


def git(path):
    for number in range(30):
        (path.parent / f"other{number}.py").write_text(str(number))
        threading.Event().wait(0.004)
    path.unlink()
    path.write_text("new text")


@pytest.mark.parametrize("save", [vim, emacs, code, sed, removed_and_put_back, link_turned, git])
def test_however_it_is_saved_a_file_is_told_of_whole_and_without_a_storm(tmp_path, save):
    path, texts, end = tmp_path / "scenes" / "embers.py", [], monotonic_ns() + PATIENCE_S * 1e9
    path.parent.mkdir()
    path.write_text("old text")
    watch = Watch([path.parent])
    saving = threading.Thread(target=save, args=(path,))
    saving.start()
    rest_ns = 0
    while monotonic_ns() < end and (not rest_ns or monotonic_ns() < rest_ns):
        if path.resolve() in watch.changed():
            texts.append(path.read_text())
            rest_ns = monotonic_ns() + 0.3e9
        threading.Event().wait(0.005)
    saving.join()
    watch.close()
    assert len(texts) <= 2 and texts[-1] == "new text" and all(texts), "never empty, never a storm"


def test_an_edit_behind_a_link_is_seen_though_the_system_does_not_tell(rig):
    folder, eye = rig
    far = folder / "far.py"
    far.write_text("1")
    (folder / "scenes" / "near.py").symlink_to(far)
    assert eye.sees(far)
    far.write_text("22")
    assert eye.sees(far)


def test_a_file_that_was_not_there_is_seen_when_it_comes(rig):
    folder, eye = rig
    (folder / "room.toml").write_text("1")
    assert eye.sees(folder / "room.toml")


def test_helpers_and_assets_in_a_folder_are_seen_to_the_bottom(rig):
    folder, eye = rig
    asset = folder / "scenes" / "pictures" / "deep" / "moon.png"
    asset.parent.mkdir(parents=True)
    asset.write_text("1")
    assert eye.sees(asset)
    asset.write_text("22")
    assert eye.sees(asset)


def test_a_folder_that_is_swapped_is_seen_and_watched_again(rig):
    folder, eye = rig
    shutil.rmtree(folder / "scenes")
    assert eye.sees(folder / "scenes" / "embers.py")
    (folder / "scenes").mkdir()
    (folder / "scenes" / "embers.py").write_text("1")
    assert eye.sees(folder / "scenes" / "embers.py")
    (folder / "scenes" / "embers.py").write_text("22")
    assert eye.sees(folder / "scenes" / "embers.py")


def test_a_folder_that_comes_back_where_no_one_looks_is_watched_again(tmp_path):
    for name in ("show", "elsewhere/scenes"):
        (tmp_path / name).mkdir(parents=True)
    scene = tmp_path / "elsewhere" / "scenes" / "embers.py"
    scene.write_text("1")
    watch = Watch([tmp_path / "show" / "show.toml", scene.parent])
    try:
        shutil.rmtree(tmp_path / "elsewhere")
        assert Eye(watch).sees(scene)
        assert Eye(watch).rests()
        scene.parent.mkdir(parents=True)
        scene.write_text("1")
        assert Eye(watch).sees(scene)
    finally:
        watch.close()


def test_what_no_one_watches_is_not_seen(rig):
    folder, eye = rig
    for name in ("other.toml", "scenes/.hidden", "scenes/embers.py~", "scenes/__pycache__/embers.pyc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("1")
    assert eye.rests()


def test_asking_never_waits_and_the_end_leaves_no_thread(rig):
    _, eye = rig
    assert eye.watch.changed() == set()
    eye.watch.close()
    assert "watch" not in {thread.name for thread in threading.enumerate()}
