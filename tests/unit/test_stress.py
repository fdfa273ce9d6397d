"""What the judge of a rehearsal under stress is made of: spans, campaigns, copies, verdicts."""

import itertools
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.problems import MixeurError
from engine.stress import processes
from engine.stress.aftermath import growth
from engine.stress.campaign import kinds_of, planned, pulled, together
from engine.stress.copy import copy_show
from engine.stress.eyes import look_at
from engine.stress.faults import Done, Fault, Kind
from engine.stress.plugs import CommandPlug
from engine.stress.plugs import kinds as plugged
from engine.stress.presence import Presence, Span, counted_s, merged
from engine.stress.processes import Holding
from engine.stress.venue import Told, Venue
from engine.stress.verdict import judge
from engine.stress.witness import Life, Senses
from engine.supervise.memory import Block

SHOW = """
format = 1 # the version
[scene.one]
file = "one.py"
[programme]
hours = "Mon 10:00-11:00"
cues = [{ name = "a", scene = "one", follow_s = 3 }, { name = "b", scene = "one", time = "18:30" }]
[camera.room]
source = 0
"""
SCENE = """from engine import Param, Scene

class One(Scene):
    hue = Param(0.5, 0, 1)
    def update(self, now): pass
"""


@pytest.fixture
def show(tmp_path: Path) -> Path:
    folder = tmp_path / "show"
    folder.mkdir()
    (folder / "show.toml").write_text(SHOW)
    (folder / "one.py").write_text(SCENE)
    (folder / "film.mp4").write_bytes(bytes(2**20 + 1))
    return folder


@pytest.fixture
def venue(show: Path, tmp_path: Path) -> Venue:
    (tmp_path / "work").mkdir()
    return Venue(show, tmp_path / "work")


def test_an_eye_that_looks_seldom_sees_each_time_that_the_picture_is_there() -> None:
    sense = Presence()
    for half_seconds in range(20):
        sense.seen(half_seconds / 2)
    assert max(span.length_s for span in merged(sense.until(10.0))) == 0.5
    assert merged([Span(0.0, 2.0), Span(1.0, 3.0)]) == [Span(0.0, 3.0)]


def test_presence_notes_what_was_gone_and_what_still_is() -> None:
    sense = Presence()
    for at_s in (1.0, 1.1, 1.2, 4.2, 4.3):
        sense.seen(at_s)
    assert sense.gone == [Span(1.2, 4.2)]
    assert sense.until(6.3) == [Span(1.2, 4.2), Span(4.3, 6.3)]
    assert sense.until(4.4) == [Span(1.2, 4.2)]


def test_time_that_a_fault_takes_does_not_count_and_never_twice() -> None:
    excused = [Span(2, 5), Span(4, 6), Span(9, 20)]
    assert counted_s(Span(0, 10), excused) == pytest.approx(2 + 3)
    assert counted_s(Span(0, 10), []) == 10
    assert counted_s(Span(3, 5), excused) == 0


def test_the_copy_stands_still_and_the_artists_files_are_as_they_were(show: Path, tmp_path: Path) -> None:
    copy = copy_show(show, tmp_path / "copy")
    assert (show / "show.toml").read_text() == SHOW
    text = copy.read_text()
    assert "format = 1 # the version" in text and 'name = "b"' in text
    assert not any(word in text for word in ("hours", "follow_s", "18:30"))
    assert (tmp_path / "copy" / "film.mp4").is_symlink() and not (tmp_path / "copy" / "one.py").is_symlink()


def test_a_single_scene_is_copied_without_the_show_beside_it(show: Path, tmp_path: Path) -> None:
    copy = copy_show(show / "one.py", tmp_path / "copy")
    assert copy.read_text() == SCENE and not (tmp_path / "copy" / "show.toml").exists()


def test_the_same_seed_gives_the_same_campaign_and_another_another(venue: Venue) -> None:
    kinds = kinds_of(venue)
    once, again, other = (planned(kinds, 200, seed, 15.0) for seed in (5, 5, 6))
    plain = [[(f.kind.name, f.at_s, f.lasts_s, f.dice) for f in faults] for faults in (once, again, other)]
    assert plain[0] == plain[1] != plain[2]
    assert len({fault.kind.name for fault in once}) > 30
    assert 2400 < once[-1].end_s < 3600, "200 faults fit in an hour"
    assert any(later.at_s < fault.end_s for fault, later in itertools.pairwise(once)), "some overlap"


def test_no_two_faults_hold_the_same_thing_at_once(venue: Venue) -> None:
    until: dict[str, float] = {}
    for fault in planned(kinds_of(venue), 300, 9, 1.0):
        if fault.kind.holds:
            assert fault.at_s > until.get(fault.kind.holds, -1.0)
            until[fault.kind.holds] = fault.end_s


def test_a_campaign_crashes_the_engine_at_most_twice_a_minute(venue: Venue) -> None:
    for seed in range(4):
        times = [fault.at_s for fault in planned(kinds_of(venue), 600, seed, 2.0) if fault.kind.crashes]
        assert len(times) > 5
        assert all(third - first > 60 for first, third in zip(times, times[2:], strict=False))


def test_no_output_is_switched_while_its_display_server_is_gone() -> None:
    names = ("display: killed", "projector.left: off", "sound: pulled", "disk: full")
    display, projector, sound, disk = (kind.holds for kind in plugged([CommandPlug(n, "true", "true") for n in names]))
    assert display == projector != sound
    assert disk == "files", "and nobody saves an edit meanwhile"


def test_a_pull_is_read_and_a_wrong_one_gets_a_line_with_the_nearest_name(venue: Venue) -> None:
    kinds = kinds_of(venue)
    first, second = together(pulled(kinds, ["camera.room@10+5"]), pulled(kinds, ["engine@2"]))
    assert (first.number, second.number) == (1, 2)
    assert (first.kind.name, first.at_s, first.lasts_s) == ("engine: killed", 2.0, 3.0)
    assert (second.kind.name, second.at_s, second.lasts_s) == ("camera.room: stopped", 10.0, 5.0)
    with pytest.raises(MixeurError, match=r"called 'camera.rom'.*did you mean 'camera.room'"):
        pulled(kinds, ["camera.rom@10"])
    with pytest.raises(MixeurError, match=r"camera.room@10\+5"):
        pulled(kinds, ["engine@soon"])


def test_every_fault_of_a_file_puts_the_truth_back(venue: Venue) -> None:
    truth = venue.asked.texts
    before = {path.name: path.read_text() for path in truth}
    tried = 0
    for kind in kinds_of(venue):
        if kind.holds == "files" and not kind.name.endswith("edited"):
            with kind.do(venue, random.Random(3)):
                assert any(not p.is_file() or p.read_bytes() != before[p.name].encode() for p in truth), kind.name
            assert {path.name: path.read_text() for path in truth} == before, kind.name
            tried += 1
    assert tried > 20
    assert sorted(p.name for p in venue.show.folder.iterdir()) == ["film.mp4", "one.py", "show.toml"]


def test_an_edit_brings_a_param_and_replaces_the_edit_before(venue: Venue) -> None:
    edited = next(kind for kind in kinds_of(venue) if kind.name == "scene.one: edited")
    for dice in (1, 2):
        with edited.do(venue, random.Random(dice)) as name:
            text = (venue.show.folder / "one.py").read_text()
            assert text.count("edit_") == 1 and name in text
            assert venue.asked.edits == {"one": f"/scene/one/{name}"}
            compile(text, "one.py", "exec")
    assert venue.params == {"/scene/one/hue": (0.0, 1.0)}


def test_a_plugs_command_that_fails_says_so_in_one_line(tmp_path: Path) -> None:
    plug = CommandPlug("sound", f"touch {tmp_path}/off", "echo no such card >&2; exit 3")
    plug.pull()
    assert (tmp_path / "off").exists()
    with pytest.raises(MixeurError, match=r"^--plug sound: '.*': no such card$"):
        plug.push()


def test_a_black_output_is_seen_beside_a_bright_one() -> None:
    bright, black = (np.full((90, 160, 3), value, np.uint8) for value in (200, 0))
    assert look_at([bright, bright]).is_lit and not look_at([bright, black]).is_lit
    assert look_at([bright]).fingerprint != look_at([black]).fingerprint


def witness(**gone: list[Span]) -> SimpleNamespace:
    return SimpleNamespace(senses=Senses(**{name: Presence(spans, 100.0) for name, spans in gone.items()}), lives={})


@contextmanager
def _nothing(*_: object):
    yield ""


def done(name: str, start_s: float, end_s: float, *takes: str) -> Done:
    kind = Kind(name, _nothing, takes=frozenset(takes))
    return Done(Fault(1, kind, start_s, end_s - start_s, ""), "what", Span(start_s, end_s))


def test_the_verdict_breaks_a_limit_once_and_shows_what_was_said_around_it() -> None:
    seen = witness(frames=[Span(20, 26)], light=[Span(21, 25), Span(40, 43)], rendered=[Span(60, 67)])
    told = [Told(1, "early"), Told(20.5, "engine: ended with signal SIGKILL"), Told(90, "late")]
    faults = [done("engine: killed", 20, 20), done("sound: pulled", 60, 64, "sound")]
    verdict = judge(1, 100, 5, faults, seen, {"picture": "frames and light", "sound": "rendered"}, [], told, 100)
    assert [(each.text, each.lines) for each in verdict.breaks] == [
        ("no picture for 6.0 s (limit 5 s)", ("20.5 s engine: ended with signal SIGKILL",))
    ]
    assert verdict.longest_s == {"picture": 6.0, "sound": 3.0}
    assert [(met.picture_gap_s, met.sound_gap_s, met.back_after_s) for met in verdict.met] == [(6, 0, 6), (0, 7, 7)]
    assert verdict.words().endswith("2 faults in 100 s, seed 1: 1 broken")
    assert verdict.data()["breaks"][0]["at_s"] == 20


def test_what_a_process_holds_more_is_told_only_after_it_has_settled() -> None:
    life = Life("engine", 1, 0.0, [(float(i), Holding(100 + i, 10 if i < 38 else 40, 5 + (i > 5))) for i in range(60)])
    assert growth(life) == {"rss_mb": 29.0, "handles": 30, "threads": 0}
    assert growth(Life("engine", 1, 0.0, life.series[:5])) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")
def test_processes_and_their_memory_are_seen_from_outside() -> None:
    code = "import os, sys; os.ftruncate(os.memfd_create('mixeur-board'), 4096); print(flush=True); sys.stdin.read()"
    one = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           env={"MIXEUR_STRESS": "token-of-this-test"})
    try:
        one.stdout.readline()
        block = processes.shared(one.pid, "board")
        assert isinstance(block, Block) and block.size == 4096
        assert processes.marked("token-of-this-test") == [one.pid]
        assert processes.holding(one.pid).handles >= 4
        assert processes.family(one.pid, None) == {"supervisor": one.pid}
    finally:
        one.communicate()
    assert not processes.is_alive(one.pid) and processes.family(one.pid, None) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_the_kernel_is_ending_is_told_from_one_that_runs() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert processes.is_alive(child.pid) and not processes.is_ending(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert processes.is_ending(child.pid) and not processes.is_alive(child.pid)
    assert not processes.is_ending(child.pid)
