"""R6: a writer that is killed at any moment leaves the old or the new file, never half of one, and nothing for long."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.atomic import remove_parts, write_atomic

ROOT = Path(__file__).parents[2]
KILLED_AT_EVERY_CALL = '''
import datetime, os, signal, sys
from pathlib import Path
from engine import atomic
from engine.restart import ShowState, read_state, write_state
from engine.show.edit import save_edit
from engine.show.profile import Profile, read_profile, write_profile

NOW = datetime.datetime(2014, 6, 21)
folder = Path(sys.argv[1])
WRITERS = {  # a file, how it is written with a number, and how that number is read
    "state": (folder / "show.json", lambda file, n: write_state(file, ShowState(cue=str(n)), NOW),
              lambda file: int(read_state(file, NOW)[0].cue)),
    "profile": (folder / "left.toml", lambda file, n: write_profile(file, Profile(size=(640, 480), gamma=1 + n / 100)),
                lambda file: round(100 * (read_profile(file).gamma - 1))),
    "room": (folder / "room.toml", lambda file, n: save_edit(file, ("speaker", "left", "output"), n),
             lambda file: int(file.read_text().rpartition("=")[2])),
}

TOUCHES = {"open", "write", "flush", "fsync", "chmod", "replace", "rename", "unlink", "mkdir", "scandir", "stat"}

def killed(work, at):
    """Run work in a process killed just before or after its at-th touch of the disk; return whether it was."""
    pid = os.fork()
    if pid == 0:
        calls = 0
        def count(frame, event, arg):
            nonlocal calls
            if event not in ("c_call", "c_return") or arg.__name__ not in TOUCHES:
                return
            while frame is not None and frame.f_code.co_filename != atomic.__file__:
                frame = frame.f_back
            calls += frame is not None
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
        sys.setprofile(count)
        work()
        sys.setprofile(None)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])

for name, (file, write, read) in WRITERS.items():
    write(file, 1)
    before, at, seen = 1, 1, set()
    while killed(lambda: write(file, before + 1), at):
        now = read(file)
        assert now in (before, before + 1), (name, at, before, now)
        seen.add(now - before)
        for other in WRITERS.values():
            if other[0].exists():
                other[2](other[0])
        before, at = now, at + 1
        if before > 60:
            write(file, before := 1)
    assert read(file) == before + 1
    assert seen == {0, 1} and at > 15, (name, seen, at)
    print(name, at - 1, "kills")
    assert not list(folder.glob(".*.part")), "the next write cleans up"
'''


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_r6_state_profile_and_room_file_are_whole_whenever_their_writer_is_killed(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    driver = [sys.executable, "-c", KILLED_AT_EVERY_CALL, str(tmp_path)]
    done = subprocess.run(driver, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["state", "profile", "room"]


def test_parts_of_dead_writers_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f".a.toml.{dead.pid}-x.part").touch()
    (tmp_path / f".b.toml.{dead.pid}-x.part").touch()
    mine, others = tmp_path / f".a.toml.{os.getpid()}-x.part", tmp_path / ".keep.part"
    mine.touch(), others.touch()
    old = tmp_path / f".a.toml.{os.getpid()}-old.part"
    old.touch()
    os.utime(old, (1e9, 1e9))
    write_atomic(tmp_path / "a.toml", "text")
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.toml", f".b.toml.{dead.pid}-x.part", mine.name, others.name}  # fmt: skip
    remove_parts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.toml", mine.name, others.name}


def test_the_file_before_is_kept_unless_nobody_wants_it(tmp_path: Path) -> None:
    for number in range(3):
        write_atomic(tmp_path / "kept", str(number))
        write_atomic(tmp_path / "alone", str(number), keep_previous=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"kept": "2", "kept.bak": "1", "alone": "2"}
