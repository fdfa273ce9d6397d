"""Files that change while the show runs: a good edit arrives, a broken one changes nothing and is told."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.aside import Job, Steps
from engine.reload import Reloader
from engine.scene import running
from engine.show.files import read_show
from engine.show.model import Cue, Show

SCENE = "from engine import Scene\nclass A(Scene):\n    pass\n"
SHOW = 'format = 1\nname = "one"\n[scene.a]\nfile = "a.py"\n'


class Director:
    def __init__(self) -> None:
        self.reloaded: list[str] = []
        self.shows: list[Show] = []

    def reloads(self, changed) -> dict[str, Steps[None]]:
        self.reloaded += [path.name for path in changed]
        return {}

    def adoption(self, show: Show) -> Steps[None]:
        self.shows.append(show)
        yield Job(lambda: None, 1.0)


@pytest.fixture
def room(tmp_path: Path):
    (tmp_path / "a.py").write_text(SCENE)
    (tmp_path / "show.toml").write_text(SHOW)
    director, said = Director(), []
    reloader = Reloader(read_show(tmp_path), director, lambda: read_show(tmp_path), said.append)
    yield tmp_path, director, reloader, said
    reloader.close()


def step_until(reloader: Reloader, is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not is_so() and time.monotonic() < end:
        reloader.step()
        time.sleep(0.02)
    return is_so()


def test_an_edited_scene_reaches_the_director(room) -> None:
    folder, director, reloader, _ = room
    (folder / "a.py").write_text(SCENE + "# edited\n")
    assert step_until(reloader, lambda: "a.py" in director.reloaded)


def test_an_edited_show_file_is_adopted(room) -> None:
    folder, director, reloader, said = room
    (folder / "show.toml").write_text(SHOW.replace("one", "two"))
    assert step_until(reloader, lambda: bool(director.shows))
    assert director.shows[0].name == "two"
    assert said == []


def test_a_broken_show_file_changes_nothing_and_is_told_with_its_line(room) -> None:
    folder, director, reloader, said = room
    (folder / "show.toml").write_text(SHOW + "[stge]\n")
    assert step_until(reloader, lambda: bool(said))
    assert director.shows == []
    assert "show.toml:5" in said[0]
    assert said[0].endswith("(the running show goes on as it was)")


@pytest.mark.parametrize(
    "broken",
    ["", "format = 1\n[scene.a", SHOW[:20], SHOW + "\0", SHOW * 2, SHOW.replace("a.py", "gone.py"), "format = 2\n",
     SHOW + "[stage]\nsize_m = [1\n", SHOW + "[camera.room]\nkey = 3\n", "\ufeff" + SHOW + "x", None],
)
def test_a_show_file_broken_in_any_way_leaves_the_show_as_it_was_and_the_next_good_one_is_taken(room, broken) -> None:
    folder, director, reloader, said = room
    (folder / "show.toml").unlink() if broken is None else (folder / "show.toml").write_text(broken)
    assert step_until(reloader, lambda: bool(said))
    assert director.shows == [] and all("show.toml" in line and "goes on as it was" in line for line in said)
    (folder / "show.toml").write_text(SHOW.replace("one", "two"))
    assert step_until(reloader, lambda: bool(director.shows))
    assert director.shows[-1].name == "two"


def test_a_room_that_comes_is_taken(room) -> None:
    folder, director, reloader, _ = room
    (folder / "room.toml").write_text("format = 1\n[touch.ball]\nfrom = 'osc:/ball'\n")
    assert step_until(reloader, lambda: bool(director.shows))
    assert list(director.shows[-1].touches) == ["ball"] and not director.shows[-1].simulated


def test_a_folder_that_vanishes_does_not_stop_the_show(room) -> None:
    folder, director, reloader, _ = room
    shutil.rmtree(folder)
    for _ in range(20):
        reloader.step()
        time.sleep(0.02)
    assert director.shows == []


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("while True: pass\n", "takes too long"),
        ("while True:\n    try: x = 1\n    except BaseException: pass\n", ""),
        ("    def __init__(self):\n        while True: pass\n", "takes too long"),
        ("    def draw(self, canvas, now):\n        while True: pass\n", "takes too long"),
    ],
)
def test_code_without_an_end_never_holds_the_loop(new_evening, monkeypatch, edit: str, told: str) -> None:
    for limit in ("LOAD_LIMIT_S", "SETUP_LIMIT_S", "TRIAL_LIMIT_S"):
        monkeypatch.setattr(running, limit, 0.2)
    evening = new_evening(Cue(name="one", scene="red"))
    evening.play(1)
    reloader = Reloader(evening.show, evening.director, lambda: evening.show, evening.told.append)
    evening.edit("red", edit)
    frames = 0
    while not evening.told:
        reloader.step()
        evening.play()
        frames += any(thread.name == "aside" for thread in threading.enumerate())
    evening.edit("red", "    def update(self, now): self.mended = True\n")
    assert step_until(reloader, lambda: bool(evening.play()) and hasattr(evening.scene("red"), "mended"))
    reloader.close()
    assert evening.told[0].startswith("red.py:") and told in evening.told[0]
    assert frames > 3, "the show goes on while the work is waited for"
